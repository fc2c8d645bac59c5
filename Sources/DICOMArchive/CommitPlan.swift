import ContentStore
import DICOM

/// The changes of a commit that is being put together, over the rows that are stored: what is planned is seen by what is
/// planned next.
struct CommitPlan {
    private struct RowKey: Hashable {
        var family: RowFamily
        var key: [UInt8]
    }

    /// The planned commits, one for each piece of work that changes rows.
    private(set) var commits: [Commit] = []

    /// Nanoseconds since 1970: when the last work was done.
    private(set) var time: UInt64
    private let engine: any StorageEngine
    private var planned: [RowKey: [UInt8]?] = [:]
    /// Keys set, those removed later among them.
    private var addedKeys: [RowFamily: Set<[UInt8]>] = [:]
    private var current: [RowChange] = []
    private var undo: [(RowKey, [UInt8]??)] = []
    private var partition: [UInt8] = []

    /// - Parameter time: nanoseconds since 1970; work is done after that.
    init(engine: any StorageEngine, after time: UInt64 = 0) {
        self.engine = engine
        self.time = time
    }

    /// Plans one piece of work: all of its changes, or none when it throws.
    mutating func step(_ work: CommitQueue.Work) throws -> CommitOutcome {
        current = []
        undo = []
        partition = []
        time = max(time + 1, Clock.nanoseconds())
        do {
            let outcome = try work(&self)
            if !current.isEmpty { commits.append(Commit(partition: partition, changes: current)) }
            return outcome
        } catch {
            for (key, before) in undo.reversed() { planned[key] = before }
            throw error
        }
    }

    /// Names the study that the changes belong to.
    mutating func setPartition(_ study: OrthancIdentifier) { partition = study.array }

    /// Sets a row, or removes it.
    mutating func put(_ family: RowFamily, _ key: [UInt8], _ value: [UInt8]?) {
        let rowKey = RowKey(family: family, key: key)
        undo.append((rowKey, planned[rowKey]))
        if value != nil { addedKeys[family, default: []].insert(key) }
        planned[rowKey] = .some(value)
        current.append(RowChange(family, key, value))
    }

    /// A row as it will be after what is planned.
    func row(_ family: RowFamily, _ key: [UInt8]) throws -> [UInt8]? {
        if let value = planned[RowKey(family: family, key: key)] { return value }
        return try engine.row(family, key)
    }

    /// The rows of a family with `from <= key < upTo`, as they will be after what is planned, in no order, until `body`
    /// returns false.
    func scan(
        _ family: RowFamily, from: [UInt8], upTo: [UInt8], _ body: (RawSpan, RawSpan) throws -> Bool
    ) throws {
        for key in addedKeys[family] ?? [] where !key.precedes(from) && key.precedes(upTo) {
            if case .some(.some(let value)) = planned[RowKey(family: family, key: key)],
                try !body(key.span.bytes, value.span.bytes)
            {
                return
            }
        }
        try engine.scan(family, from: from, upTo: upTo) { key, value in
            let isPlanned = planned[RowKey(family: family, key: key.withUnsafeBytes { Array($0) })] != nil
            return try isPlanned || body(key, value)
        }
    }
}

extension [UInt8] {
    /// Whether it comes before another key.
    fileprivate func precedes(_ other: [UInt8]) -> Bool { lexicographicallyPrecedes(other) }

    /// The first key after all that begin with this one, which must not be all FF.
    var successor: [UInt8] {
        guard let last = lastIndex(where: { $0 != 0xFF }) else { return self }
        return Array(self[..<last]) + [self[last] + 1]
    }
}

/// What a commit did.
struct CommitOutcome: Sendable {
    /// What became of the instance, when the work was to store one.
    var result = StoreResult.stored
    /// What changed in the tree.
    var changes: [TreeChange] = []
    /// The `.dcm` nodes that went, those of versions that no directory lists among them.
    var removedNodes: [NodeID] = []
    /// The frame ordinals that went.
    var removedFrameOrdinals: [UInt64] = []
    /// The identifiers of what went from the tree.
    var identifiers: [NodeID: OrthancIdentifier] = [:]
    /// A further version that was stored.
    var version: (instance: OrthancIdentifier, number: Int, size: UInt64)?
    /// What happened, for those who watch; none when nobody does.
    var events: [ArchiveEvent] = []
}

/// What became of an instance that was handed over.
package enum StoreResult: Hashable, Sendable {
    /// It is new.
    case stored
    /// The same data set is there already.
    case alreadyStored
    /// Another data set has the identifier: kept as the version with this number.
    case newVersion(Int)
}

/// A change of the tree that a mount has to make known.
package enum TreeChange: Hashable, Sendable {
    /// An entry appeared in a directory.
    case added(NodeID, parent: NodeID, entry: EntryRow)
    /// An entry went.
    case removed(NodeID, parent: NodeID, entry: EntryRow, names: ViewNames)
}
