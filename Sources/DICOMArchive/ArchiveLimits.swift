import Synchronization

/// What an open archive takes from the machine at most.
package struct ArchiveLimits: Sendable {
    /// Bytes of the file system that are left free; nil for 512 MiB, but no more than an eighth of it.
    package var diskReserve: UInt64?
    /// Files of the database that are open at a time.
    package var openFiles: Int32 = 512
    /// Bytes of the headers of all instances that are under way.
    package var headerBytes = 128 << 20
    /// Bytes that images take: a quarter for those kept, the rest for those being made. Of JPEG 2000 one takes 15 bytes a sample, of
    /// others less.
    package var imageBytes = 512 << 20

    /// The defaults.
    package init() {}
}

/// The memory that headers under way may take together: one has 16 MiB at most, but there are many peers.
final class HeaderMemory: Sendable {
    private let limit: Int
    private let taken = Atomic<Int>(0)

    init(limit: Int) { self.limit = limit }

    fileprivate func take(_ bytes: Int) throws(ArchiveError) {
        let now = taken.wrappingAdd(bytes, ordering: .relaxed).newValue
        guard now > limit else { return }
        taken.wrappingSubtract(bytes, ordering: .relaxed)
        throw ArchiveError(
            .noSpace,
            "the headers of all instances under way take the \(limit >> 20) MiB that are left to them; send again")
    }

    fileprivate func give(_ bytes: Int) { taken.wrappingSubtract(bytes, ordering: .relaxed) }
}

/// What one instance has of the memory for headers, as long as this lives.
final class HeaderShare: Sendable {
    private let memory: HeaderMemory
    private let bytes = Atomic<Int>(0)

    init(of memory: HeaderMemory) { self.memory = memory }

    deinit { memory.give(bytes.load(ordering: .relaxed)) }

    /// Takes what is missing. Called by one thread at a time.
    ///
    /// - Throws: ``ArchiveError/Code/noSpace`` when others have it.
    func grow(to count: Int) throws(ArchiveError) {
        let more = count - bytes.load(ordering: .relaxed)
        guard more > 0 else { return }
        try memory.take(more)
        bytes.wrappingAdd(more, ordering: .relaxed)
    }
}
