import CLinux
import Glibc
import Synchronization

/// The bytes of all chunks, in files that only grow: `FOLDER/000000000001` and so on. Usable from any thread.
///
/// A file is begun when the one before is full, and by each process anew: what a crash has left at the end of one is never
/// written over.
final class Segments: Sendable {
    /// Where bytes begin.
    struct Place: Hashable, Sendable {
        /// The number of the segment, from 1 on.
        var segment: UInt64
        var offset: UInt64
    }

    /// Bytes after which a segment is full.
    static let size: UInt64 = 256 << 20

    private struct State {
        var current: Segment?
        /// Where the next bytes go in it.
        var end: UInt64 = 0
        /// The number of the next segment.
        var next: UInt64
        /// Who is between ``append(_:)`` and ``release(_:)``, by segment.
        var writing: [UInt64: Int] = [:]
        /// What was written to and not synced since.
        var unsynced: [UInt64: Segment] = [:]
        var unsyncedBytes: UInt64 = 0
        /// Whether names were made in the folder and not synced since.
        var isFolderUnsynced = false
        /// Of a sync: what was written before may be lost, and a later sync would not tell (fsync(2)).
        var failure: StoreError?
    }

    let folder: String
    private let state: Mutex<State>
    private let syncing = Mutex(())
    /// Those that were read last.
    private let readable: BoundedCache<UInt64, Segment>

    /// The segments in a folder.
    ///
    /// - Parameters:
    ///   - create: whether a missing folder is made.
    ///   - openFiles: how many of them are open to be read.
    init(_ folder: String, create: Bool, openFiles: Int) throws(StoreError) {
        self.folder = folder
        readable = BoundedCache(capacity: openFiles) { _ in 1 }
        if create, mkdir(folder, 0o700) != 0, errno != EEXIST { throw Segment.failure("make the folder", folder) }
        state = Mutex(State(next: 1, isFolderUnsynced: true))
        let last = try numbers().max() ?? 0
        state.withLock { $0.next = last + 1 }
    }

    /// Where the segments of a database are.
    static func folder(of database: String) -> String { database + ".chunks" }

    static func name(_ number: UInt64) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, 12 - digits.count)) + digits
    }

    private func path(_ number: UInt64) -> String { "\(folder)/\(Self.name(number))" }

    /// The numbers of all there are.
    func numbers() throws(StoreError) -> [UInt64] {
        guard let opened = opendir(folder) else {
            guard errno == ENOENT else { throw Segment.failure("read the folder", folder) }
            throw StoreError(
                .damaged, "the folder \(folder) with the bytes of all images is gone; restore it from a backup")
        }
        defer { closedir(opened) }
        var numbers: [UInt64] = []
        errno = 0
        while let entry = readdir(opened) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) {
                String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name.utf8.count == 12, name.utf8.allSatisfy({ 48...57 ~= $0 }), let number = UInt64(name), number > 0 {
                numbers.append(number)
            }
            errno = 0
        }
        guard errno == 0 else { throw Segment.failure("read the folder", folder) }
        return numbers.sorted()
    }

    // MARK: Writing

    /// Writes bytes behind all others; where. Not on the disk before ``sync()``. Its segment is among the ``unfinished``
    /// until ``release(_:)``.
    func append(_ bytes: RawSpan) throws(StoreError) -> Place {
        let (segment, offset) = try state.withLock { state throws(StoreError) -> (Segment, UInt64) in
            if let failure = state.failure { throw failure }
            let segment = try current(&state)
            defer { state.end += UInt64(bytes.byteCount) }
            state.writing[segment.number, default: 0] += 1
            return (segment, state.end)
        }
        let place = Place(segment: segment.number, offset: offset)
        do throws(StoreError) {
            try segment.write(bytes, at: offset)
        } catch {
            release(place)
            throw error
        }
        state.withLock { state in
            state.unsynced[segment.number] = segment
            state.unsyncedBytes += UInt64(bytes.byteCount)
        }
        return place
    }

    /// Says that the place is noted.
    func release(_ place: Place) {
        state.withLock { state in
            state.writing[place.segment, default: 1] -= 1
            if state.writing[place.segment] == 0 { state.writing[place.segment] = nil }
        }
    }

    private func current(_ state: inout State) throws(StoreError) -> Segment {
        if let current = state.current, state.end < Self.size { return current }
        let segment = try Segment(state.next, at: path(state.next), create: true)
        state.next += 1
        state.current = segment
        state.end = 0
        state.isFolderUnsynced = true
        return segment
    }

    /// Returns when all that was appended before is on the disk.
    func sync() throws(StoreError) {
        // One at a time: what another has begun to sync is not on the disk yet.
        try syncing.withLock { _ throws(StoreError) in
            // What cannot be opened now, for lack of descriptors, may be later: nothing is lost by that.
            let folders =
                state.withLock { $0.isFolderUnsynced } ? [try Folder(folder), try Folder(folder + "/..")] : []
            let unsynced = try state.withLock { state throws(StoreError) in
                if let failure = state.failure { throw failure }
                defer { (state.unsynced, state.unsyncedBytes) = ([:], 0) }
                if !folders.isEmpty { state.isFolderUnsynced = false }
                return state.unsynced
            }
            do throws(StoreError) {
                for segment in unsynced.values { try segment.sync() }
                for folder in folders { try folder.sync() }
            } catch {
                let failure = StoreError(
                    error.code, "\(error.description); nothing more is stored until the archive is opened again")
                state.withLock { $0.failure = failure }
                throw failure
            }
        }
    }

    /// Bytes that were appended since the last sync.
    var unsyncedBytes: UInt64 { state.withLock { $0.unsyncedBytes } }

    /// A folder, open until this is dropped.
    private final class Folder {
        private let path: String
        private let opened: Int32

        init(_ path: String) throws(StoreError) {
            self.path = path
            opened = Glibc.open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
            guard opened >= 0 else { throw Segment.failure("open", path) }
        }

        deinit { close(opened) }

        /// Makes the names in it durable.
        func sync() throws(StoreError) {
            guard fsync(opened) == 0 else { throw Segment.failure("write to", path) }
        }
    }

    // MARK: Reading

    /// The segment with a number, open.
    ///
    /// - Throws: ``StoreError/Code/damaged`` when it is missing.
    func segment(_ number: UInt64) throws(StoreError) -> Segment {
        do {
            let segment = try readable.value(number) { try Segment(number, at: path(number), create: false) }
            guard let segment else { preconditionFailure("made or thrown") }
            return segment
        } catch {
            throw error as? StoreError ?? StoreError(.io, "\(error)")
        }
    }

    // MARK: Space

    /// Those to which bytes are appended now, or will be.
    var unfinished: Set<UInt64> {
        state.withLock { state in Set(state.writing.keys).union(state.current.map { [$0.number] } ?? []) }
    }

    /// Lets the next bytes begin a segment.
    func finishCurrent() { state.withLock { $0.current = nil } }

    /// Bytes of the disk that a segment takes, and its length; nil when there is none.
    func extent(_ number: UInt64) -> (taken: UInt64, length: UInt64)? {
        var status = stat()
        guard stat(path(number), &status) == 0 else { return nil }
        return (UInt64(status.st_blocks) * 512, UInt64(status.st_size))
    }

    /// Removes a segment that nobody needs. Who reads it may go on.
    func remove(_ number: UInt64) throws(StoreError) {
        guard unlink(path(number)) == 0 else { throw Segment.failure("remove", path(number)) }
        readable.remove(number)
    }

    /// Gives the space of ranges of a segment back (fallocate(2), FALLOC_FL_PUNCH_HOLE): zeros are read there. A file system that
    /// cannot do that keeps it.
    func punch(_ ranges: [Range<UInt64>], in number: UInt64) throws(StoreError) {
        let file = Glibc.open(path(number), O_RDWR | O_CLOEXEC)
        guard file >= 0 else { throw Segment.failure("open", path(number)) }
        defer { close(file) }
        let mode = Int32(FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE)
        for range in ranges {
            guard fallocate(file, mode, off_t(range.lowerBound), off_t(range.count)) == 0 else {
                if errno == EOPNOTSUPP { return }
                throw Segment.failure("give space back in", path(number))
            }
        }
    }

    /// Makes hard links to all segments in a folder, and begins another: those that are linked get no more bytes.
    func link(into target: String) throws(StoreError) {
        guard mkdir(target, 0o700) == 0 else { throw Segment.failure("make the folder", target) }
        let next = state.withLock { state in
            state.current = nil
            return state.next
        }
        // Bytes that come late, between others that are there, would be missing in a copy that looks whole.
        while state.withLock({ $0.writing.keys.contains { $0 < next } }) { usleep(200) }
        // A name that is in a backup is never given again: it has to be on the disk.
        try sync()
        for number in try numbers() where number < next {
            let name = "\(target)/\(Self.name(number))"
            guard Glibc.link(path(number), name) == 0 else { throw Segment.failure("make", name) }
        }
    }
}
