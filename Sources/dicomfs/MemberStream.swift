import ArchiveControl
import Containers
import Glibc
import Synchronization
import Threads

/// The way of a container's member to the archive: this process unpacks it, and the one that has the archive open reads it from
/// a socket in frames, of which an empty one is the end. What comes to no end is not stored.
struct MemberStream {
    private let access: ArchiveAccess

    init(_ access: ArchiveAccess) { self.access = access }

    /// Stores the member of a container that came last.
    ///
    /// - Parameter receive: gets what became of it, on another thread, before this returns.
    func store(
        _ container: Container, name: String, receive: @escaping @Sendable (ControlEvent) -> Void
    ) throws(Failure) {
        var ends: [Int32] = [-1, -1]
        guard socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0, &ends) == 0 else {
            throw Failure(.other, "\(name): cannot make a socket: \(String(cString: strerror(errno)))")
        }
        let (reading, writing) = (ends[0], ends[1])
        let result = Mutex<Failure?>(nil)
        let ended = Gate()
        Thread.start { [access] in
            do throws(Failure) {
                try access.perform(.importStream(name: name), file: reading, receive: receive)
            } catch {
                result.withLock { $0 = error }
            }
            // Whoever still writes is told by EPIPE.
            close(reading)
            ended.open()
        }
        var broken: String?
        do {
            try container.read { try Self.send($0, to: writing) }
            try Self.send(RawSpan(), to: writing)
        } catch is NobodyReads {
            // The archive has seen enough, and says why.
        } catch {
            broken = "\(error)"
        }
        close(writing)
        ended.wait()
        if let broken { throw Failure(.refused, "\(name): cannot be read: \(broken)") }
        if let failure = result.withLock({ $0 }) { throw failure }
    }

    private struct NobodyReads: Error {}

    /// Sends a frame: four bytes length, big endian, then the bytes.
    private static func send(_ bytes: RawSpan, to socket: Int32) throws(NobodyReads) {
        var length = UInt32(bytes.byteCount).bigEndian
        try withUnsafeBytes(of: &length) { length throws(NobodyReads) in try sendAll(length, to: socket) }
        try bytes.withUnsafeBytes { bytes throws(NobodyReads) in try sendAll(bytes, to: socket) }
    }

    private static func sendAll(_ bytes: UnsafeRawBufferPointer, to socket: Int32) throws(NobodyReads) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let part = UnsafeRawBufferPointer(rebasing: rest)
            let count = Glibc.send(socket, part.baseAddress, part.count, Int32(MSG_NOSIGNAL))
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw NobodyReads() }
            rest = rest.dropFirst(count)
        }
    }
}
