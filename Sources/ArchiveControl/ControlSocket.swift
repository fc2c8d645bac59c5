import DICOMArchive
import Foundation
import Glibc

/// Messages on a Unix stream socket: four bytes length, big endian, then JSON; an open file may ride on the length
/// (unix(7), SCM_RIGHTS).
package enum ControlSocket {
    /// The longest message: no request or event comes near it.
    private static let maximumLength = 64 << 20

    static func listen(_ path: String) throws -> Int32 {
        unlink(path)
        let socket = try withAddress(path, "listen at") { socket, address, length in
            // The permissions of the socket to be made. Not by umask(2), which other threads would feel.
            fchmod(socket, 0o600)
            return bind(socket, address, length)
        }
        guard Glibc.listen(socket, 64) == 0 else {
            close(socket)
            throw Failure(.other, "cannot listen at \(path): \(String(cString: strerror(errno)))")
        }
        return socket
    }

    /// The next connection; below 0 with errno set when there is none.
    static func accept(_ listener: Int32) -> Int32 {
        let connection = Glibc.accept(listener, nil, nil)
        if connection >= 0 { _ = fcntl(connection, F_SETFD, FD_CLOEXEC) }
        return connection
    }

    package static func connect(_ path: String) throws -> Int32 {
        try withAddress(path, "connect to") { Glibc.connect($0, $1, $2) }
    }

    /// Whether the peer is of our user or the superuser.
    static func isOurs(_ connection: Int32) -> Bool {
        // struct ucred: pid, uid, gid.
        var peer: (pid: Int32, uid: UInt32, gid: UInt32) = (0, 0, 0)
        var size = socklen_t(MemoryLayout.size(ofValue: peer))
        guard getsockopt(connection, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 else { return false }
        return peer.uid == geteuid() || peer.uid == 0
    }

    static func send(_ message: some Encodable, file: Int32?, to socket: Int32) throws {
        let body = try JSONEncoder().encode(message)
        let length = UInt32(body.count)
        try send(
            (0..<4).map { UInt8(truncatingIfNeeded: length >> UInt32(24 - 8 * $0)) } + body, file: file, to: socket)
    }

    /// Sends bytes, and an open file with the first of them.
    package static func send(_ bytes: [UInt8], file: Int32?, to socket: Int32) throws {
        var bytes = bytes
        var control = FileMessage(file: file ?? -1)
        var sent = 0
        while sent < bytes.count {
            let isFirst = sent == 0 && file != nil
            let count = bytes.withUnsafeMutableBytes { bytes in
                var part = iovec(iov_base: bytes.baseAddress?.advanced(by: sent), iov_len: bytes.count - sent)
                return withUnsafeMutableBytes(of: &control) { control in
                    withUnsafeMutablePointer(to: &part) { part in
                        var header = msghdr()
                        header.msg_iov = part
                        header.msg_iovlen = 1
                        if isFirst {
                            header.msg_control = control.baseAddress
                            header.msg_controllen = control.count
                        }
                        return sendmsg(socket, &header, Int32(MSG_NOSIGNAL))
                    }
                }
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw Failure(.ended, "the other side of the control socket went away") }
            sent += count
        }
    }

    /// The next message and the file that came with it, which the caller closes; nil when the peer is done.
    static func receive<Message: Decodable>(
        _ type: Message.Type, from socket: Int32
    ) throws -> (Message, Int32?)? {
        var file: Int32?
        do {
            guard let prefix = try read(4, from: socket, file: &file) else { return nil }
            let length = prefix.reduce(0) { $0 << 8 | Int($1) }
            guard length <= maximumLength, let body = try read(length, from: socket, file: &file) else {
                throw Failure(.other, "a message on the control socket is cut short")
            }
            return (try JSONDecoder().decode(type, from: Data(body)), file)
        } catch {
            if let file { close(file) }
            throw error
        }
    }

    private static func read(_ count: Int, from socket: Int32, file: inout Int32?) throws -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: count)
        var received = 0
        while received < count {
            var control = FileMessage(file: -1)
            var controlLength = 0
            let more = bytes.withUnsafeMutableBytes { bytes in
                var part = iovec(iov_base: bytes.baseAddress?.advanced(by: received), iov_len: count - received)
                return withUnsafeMutableBytes(of: &control) { control in
                    withUnsafeMutablePointer(to: &part) { part in
                        var header = msghdr()
                        header.msg_iov = part
                        header.msg_iovlen = 1
                        header.msg_control = control.baseAddress
                        // Room for one: the kernel closes more.
                        header.msg_controllen = FileMessage.length
                        let result = recvmsg(socket, &header, Int32(MSG_CMSG_CLOEXEC))
                        controlLength = header.msg_controllen
                        return result
                    }
                }
            }
            if more < 0, errno == EINTR { continue }
            if controlLength >= FileMessage.length, control.isFile {
                if let file { close(file) }
                file = control.file
            }
            guard more > 0 else {
                if received == 0, more == 0 { return nil }
                throw Failure(.ended, "the other side of the control socket went away")
            }
            received += more
        }
        return bytes
    }

    /// A socket on which `call` (bind(2) or connect(2)) succeeded for the path.
    private static func withAddress(
        _ path: String, _ verb: String, _ call: (Int32, UnsafePointer<sockaddr>, socklen_t) -> Int32
    ) throws -> Int32 {
        // sun_path holds 108 bytes: reach a longer path through a descriptor of its folder.
        let folder = open((path as NSString).deletingLastPathComponent, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        defer { if folder >= 0 { close(folder) } }
        let short = "/proc/self/fd/\(folder)/\((path as NSString).lastPathComponent)"
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: short.utf8.prefix($0.count - 1)) }
        let socket = Glibc.socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                call(socket, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard socket >= 0, result == 0 else {
            let reason = String(cString: strerror(errno))
            if socket >= 0 { close(socket) }
            throw Failure(.other, "cannot \(verb) \(path): \(reason)")
        }
        return socket
    }
}

/// A control message that carries one open file: `struct cmsghdr` and an `int` (cmsg(3)).
private struct FileMessage {
    /// CMSG_LEN(sizeof(int)).
    static let length = MemoryLayout<cmsghdr>.size + MemoryLayout<Int32>.size

    private var header: cmsghdr
    var file: Int32
    /// CMSG_SPACE rounds up to a multiple of eight.
    private var padding: Int32 = 0

    init(file: Int32) {
        header = cmsghdr()
        header.cmsg_len = Self.length
        header.cmsg_level = SOL_SOCKET
        header.cmsg_type = Int32(SCM_RIGHTS)
        self.file = file
    }

    var isFile: Bool { header.cmsg_level == SOL_SOCKET && header.cmsg_type == Int32(SCM_RIGHTS) && file >= 0 }
}
