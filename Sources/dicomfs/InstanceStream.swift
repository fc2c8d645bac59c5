import ArchiveControl
import Glibc
import Synchronization
import Threads

/// The way of one instance to the archive: this process has its bytes as they come, and the one that has the archive open reads
/// them from a socket in frames, of which an empty one is the end. What comes to no end is not stored. Used by one thread.
final class InstanceStream: Sendable {
    private let name: String
    private let writing: Int32
    private let result = Mutex<Result<Void, Failure>>(.success(()))
    private let ended = Gate()

    /// Begins to store an instance.
    ///
    /// - Parameters:
    ///   - sender: who sends it; nil for one that is imported.
    ///   - receive: gets what became of it, on another thread, before ``finish()`` returns.
    init(
        _ access: ArchiveAccess, name: String, sender: StoreSender? = nil,
        receive: @escaping @Sendable (ControlEvent) -> Void
    ) throws(Failure) {
        var ends: [Int32] = [-1, -1]
        guard socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0, &ends) == 0 else {
            throw Failure(.other, "\(name): cannot make a socket: \(String(cString: strerror(errno)))")
        }
        self.name = name
        let reading = ends[0]
        writing = ends[1]
        let isStarted = Thread.startIfPossible { [self] in
            do throws(Failure) {
                try access.perform(.importStream(name: name, sender: sender), file: reading, receive: receive)
            } catch {
                result.withLock { $0 = .failure(error) }
            }
            // Whoever still writes is told by EPIPE.
            close(reading)
            ended.open()
        }
        guard !isStarted else { return }
        for end in ends { close(end) }
        throw Failure(.other, "\(name): no thread can be had to store it")
    }

    /// The archive has seen enough: ``finish()`` says why.
    struct NobodyReads: Error {}

    /// Sends bytes: as a frame, four bytes length, big endian, then the bytes.
    func send(_ bytes: RawSpan) throws(NobodyReads) {
        // An empty frame is the end.
        if bytes.byteCount > 0 { try sendFrame(bytes) }
    }

    private func sendFrame(_ bytes: RawSpan) throws(NobodyReads) {
        var length = UInt32(bytes.byteCount).bigEndian
        try withUnsafeBytes(of: &length) { length throws(NobodyReads) in try sendAll(length) }
        try bytes.withUnsafeBytes { bytes throws(NobodyReads) in try sendAll(bytes) }
    }

    /// Ends the instance, and waits until it is stored.
    func finish() throws(Failure) {
        try? sendFrame(RawSpan())
        try abandon()
    }

    /// Ends it without its end: it is not stored, and the archive says why.
    func abandon() throws(Failure) {
        close(writing)
        ended.wait()
        try result.withLock { $0 }.get()
    }

    private func sendAll(_ bytes: UnsafeRawBufferPointer) throws(NobodyReads) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let part = UnsafeRawBufferPointer(rebasing: rest)
            let count = Glibc.send(writing, part.baseAddress, part.count, Int32(MSG_NOSIGNAL))
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw NobodyReads() }
            rest = rest.dropFirst(count)
        }
    }
}
