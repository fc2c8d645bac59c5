import ContentStore
package import DICOM
import Synchronization

/// What became of a resource, for those who watch an archive.
package struct ArchiveEvent: Hashable, Sendable {
    /// What happened.
    package enum Kind: String, Codable, Sendable {
        /// It appeared in the tree.
        case stored
        /// Other bytes came under the identifier of an instance that is stored.
        case newVersion
        /// It went from the tree, an instance with all its versions.
        case deleted
    }

    package var kind = Kind.stored
    package var level = Level.instance
    package var id = OrthancIdentifier()
    /// Where it is, or was, in the mounted tree, relative to the root; of an instance, the `.dcm` file.
    package var path = ""
    /// Of an instance: bytes of the `.dcm` file.
    package var size: UInt64?
    /// Of a new version: its number.
    package var version: Int?
}

/// Who wants to know what is stored and deleted.
package protocol ArchiveWatcher: AnyObject, Sendable {
    /// Called with the events of one commit in order, after it is on disk and readers see it, and before the sender of an
    /// instance hears of it. May be called from several threads at once; must not block.
    func archiveDidChange(_ events: [ArchiveEvent])
}

/// Who is told of changes. Usable from any thread.
final class Observers: Sendable {
    private struct State {
        var observers: [any TreeObserver] = []
        var watchers: [any ArchiveWatcher] = []
    }

    private let state = Mutex(State())
    private let watchers = Atomic<Int>(0)

    /// Whether events are wanted: they cost rows to read.
    var areWatchers: Bool { watchers.load(ordering: .relaxed) > 0 }

    func change(
        _ observers: (inout [any TreeObserver]) -> Void = { _ in },
        watchers change: (inout [any ArchiveWatcher]) -> Void = { _ in }
    ) {
        state.withLock { state in
            observers(&state.observers)
            change(&state.watchers)
            watchers.store(state.watchers.count, ordering: .relaxed)
        }
    }

    /// Tells the mounts, then the watchers: what they hear of can be read.
    func tell(_ outcome: CommitOutcome) {
        let (observers, watchers) = state.withLock { ($0.observers, $0.watchers) }
        if !outcome.changes.isEmpty { for observer in observers { observer.treeDidChange(outcome.changes) } }
        if !outcome.events.isEmpty { for watcher in watchers { watcher.archiveDidChange(outcome.events) } }
    }
}

extension Archive {
    /// Tells a mount what changes in the tree from now on. It is kept until ``removeObserver(_:)``.
    package func addObserver(_ observer: any TreeObserver) { observers.change { $0.append(observer) } }

    /// Tells a mount no more; one call may still be under way.
    package func removeObserver(_ observer: any TreeObserver) {
        observers.change { $0.removeAll { $0 === observer } }
    }

    /// Tells a watcher of what begins to be committed from now on. It is kept until ``removeWatcher(_:)``.
    ///
    /// When this returns, what is committed later is told.
    package func addWatcher(_ watcher: any ArchiveWatcher) throws(ArchiveError) {
        observers.change(watchers: { $0.append(watcher) })
        // What was planned when there was no watcher is committed when a turn of our own comes.
        _ = try commits.perform { _ in CommitOutcome() }
    }

    /// Tells a watcher no more; one call may still be under way.
    package func removeWatcher(_ watcher: any ArchiveWatcher) {
        observers.change(watchers: { $0.removeAll { $0 === watcher } })
    }

    /// Makes a change durable and says so to all who want to know.
    func commit(_ work: @escaping CommitQueue.Work) throws(ArchiveError) -> CommitOutcome {
        let observers = observers
        let done = try commits.perform { plan in
            var outcome = try work(&plan)
            if observers.areWatchers { outcome.events = try plan.events(of: outcome) }
            return outcome
        }
        announce(done)
        return done
    }
}

extension CommitPlan {
    /// What happened, with identifiers and paths. Within the turn of the change: later, what it names may be gone.
    func events(of outcome: CommitOutcome) throws -> [ArchiveEvent] {
        var events: [ArchiveEvent] = []
        let removed = outcome.changes.reduce(into: [NodeID: (NodeID, String)]()) { removed, change in
            if case .removed(let node, let parent, let entry, _) = change { removed[node] = (parent, entry.name) }
        }
        for change in outcome.changes {
            var event = ArchiveEvent()
            switch change {
            case .added(let node, let parent, let entry):
                guard let row = try nodeRow(node) else { continue }
                event.level = row.level
                event.id = row.id
                event.path = try path(parent, removed, entry.name)
            case .removed(let node, let parent, let entry, _):
                guard let id = outcome.identifiers[node], let level = Level(node.kind) else { continue }
                event.kind = .deleted
                event.level = level
                event.id = id
                event.path = try path(parent, removed, entry.name)
            }
            if event.level == .instance {
                event.path += ".dcm"
                event.size = change.entry.size
            }
            events.append(event)
        }
        if let version = outcome.version, let (node, nodeRow) = try node(of: version.instance, .instance),
            let entry = try row(.index, IndexKey.entry(nodeRow.parent, node))
        {
            let name = try EntryRow(entry.span.bytes).name
            var event = ArchiveEvent(kind: .newVersion)
            event.id = version.instance
            event.path = try path(nodeRow.parent, removed, name) + ".v\(version.number).dcm"
            event.size = version.size
            event.version = version.number
            events.append(event)
        }
        return events
    }

    private func nodeRow(_ node: NodeID) throws -> NodeRow? {
        try row(.index, IndexKey.node(node)).map { try NodeRow($0.span.bytes) }
    }

    /// Where the entry of a directory is; the names of directories that went with it are given.
    private func path(_ directory: NodeID, _ removed: [NodeID: (NodeID, String)], _ name: String) throws -> String {
        var names = [name]
        var directory = directory
        // Damaged rows may name each other as parents.
        while directory != .root, names.count < NodeID.mostAncestors {
            if let (parent, name) = removed[directory] {
                names.append(name)
                directory = parent
                continue
            }
            guard let parent = try nodeRow(directory)?.parent,
                let bytes = try row(.index, IndexKey.entry(parent, directory))
            else { break }
            names.append(try EntryRow(bytes.span.bytes).name)
            directory = parent
        }
        return names.reversed().joined(separator: "/")
    }
}

extension Level {
    /// The level of what a kind of node stands for; nil when that is no resource.
    fileprivate init?(_ kind: NodeID.Kind?) {
        guard let level = Level.allCases.first(where: { $0.nodeKind == kind }) else { return nil }
        self = level
    }
}
