import FUSE
import Glibc
import Synchronization
import Threads

/// A file system in memory: files and folders that tests add and remove.
final class TestTree: FileSystem {
    struct Node {
        var name: String
        var parent: UInt64
        /// Nil of a directory.
        var bytes: [UInt8]?
    }

    struct State {
        var nodes: [UInt64: Node] = [:]
        /// Requests of these nodes are dropped unanswered.
        var dropped: Set<UInt64> = []
        /// Reads and listings of a node wait for its gate, after they have looked at what there is.
        var gates: [UInt64: Gate] = [:]
        /// Children of these directories are listed by name only.
        var namesOnly: Set<UInt64> = []
        /// Look-ups of these names are not to be kept.
        var fleeting: Set<String> = []
        /// Look-ups of names that begin with `slow` wait for it.
        var lookUpGate: Gate?
        /// Microseconds that they take besides.
        var lookUpDelay: UInt32 = 0
        /// How many do.
        var slowLookUps = 0
        var dropsStatistics = false
        var next: UInt64 = 2
    }

    let state = Mutex(State())
    /// Opened when the first request waits for a gate.
    let readerWaits = Gate()

    static let root: UInt64 = 1

    /// Adds a file, or without bytes a directory; its node.
    @discardableResult
    func add(_ name: String, in parent: UInt64 = root, _ bytes: [UInt8]? = nil) -> UInt64 {
        state.withLock { state in
            defer { state.next += 1 }
            state.nodes[state.next] = Node(name: name, parent: parent, bytes: bytes)
            return state.next
        }
    }

    func remove(_ node: UInt64) { state.withLock { _ = $0.nodes.removeValue(forKey: node) } }

    private func isDropped(_ node: UInt64) -> Bool { state.withLock { $0.dropped.contains(node) } }

    private static func attributes(_ node: UInt64, _ entry: Node) -> Attributes {
        Attributes(
            node: node, isDirectory: entry.bytes == nil, size: UInt64(entry.bytes?.count ?? 0),
            modified: 1_600_000_000_123_456_789)
    }

    func lookUp(_ name: String, in parent: UInt64, _ reply: consuming EntryReply) {
        let (found, isKept, gate, delay) = state.withLock { state in
            if name.hasPrefix("slow") { state.slowLookUps += 1 }
            return (
                state.nodes.first { $0.value.parent == parent && $0.value.name == name },
                !state.fleeting.contains(name), name.hasPrefix("slow") ? state.lookUpGate : nil,
                name.hasPrefix("slow") ? state.lookUpDelay : 0
            )
        }
        gate?.wait()
        usleep(delay)
        guard let found else { return reply.fail(ENOENT) }
        if isDropped(found.key), found.value.bytes == nil { return }
        var attributes = Self.attributes(found.key, found.value)
        attributes.isKept = isKept
        reply.found(attributes)
    }

    func attributes(of node: UInt64, _ reply: consuming AttributesReply) {
        if isDropped(node) { return }
        if node == Self.root { return reply.found(Attributes(node: node, isDirectory: true, modified: 0)) }
        guard let found = state.withLock({ $0.nodes[node] }) else { return reply.fail(ESTALE) }
        reply.found(Self.attributes(node, found))
    }

    func readDirectory(_ node: UInt64, after cookie: UInt64, _ reply: consuming DirectoryReply) {
        if isDropped(node) { return }
        let (children, namesOnly) = state.withLock { state in
            (
                state.nodes.filter { $0.value.parent == node }.sorted { $0.key < $1.key },
                state.namesOnly.contains(node)
            )
        }
        waitForGate(node)
        var page = reply
        for (child, entry) in children where child > cookie {
            guard page.add(entry.name, Self.attributes(child, entry), cookie: child, isKnown: !namesOnly) else { break }
        }
        page.send()
    }

    private func waitForGate(_ node: UInt64) {
        guard let gate = state.withLock({ $0.gates[node] }) else { return }
        readerWaits.open()
        gate.wait()
    }

    func read(_ node: UInt64, _ range: Range<Int>, _ reply: consuming DataReply) {
        if isDropped(node) { return }
        waitForGate(node)
        guard let bytes = state.withLock({ $0.nodes[node]?.bytes }) else { return reply.fail(ESTALE) }
        reply.data(bytes.span.bytes.extracting(range.clamped(to: 0..<bytes.count)))
    }

    func statistics(_ reply: consuming StatisticsReply) {
        if state.withLock({ $0.dropsStatistics }) { return }
        reply.found(SpaceStatistics(totalBytes: 1 << 40, freeBytes: 1 << 39, files: 7))
    }
}
