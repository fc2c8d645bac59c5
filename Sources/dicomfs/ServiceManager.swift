import Glibc

/// The service manager that started this process, when it wants to hear of it: systemd, for a unit with Type=notify.
enum ServiceManager {
    /// Tells it what is true now, as sd_notify(3) does: `READY=1`, `STOPPING=1`, `STATUS=...`. Nothing without the environment
    /// variable NOTIFY_SOCKET.
    static func tell(_ assignments: String...) {
        guard let name = getenv("NOTIFY_SOCKET").map({ String(cString: $0) }), !name.isEmpty else { return }
        // One a line: a value has none in it.
        let text = assignments.map { Output.printable($0) }.joined(separator: "\n")
        let code = send(text, to: name)
        if code != 0 {
            Output.complain("dicomfs: cannot tell the service manager at \(name): \(String(cString: strerror(code)))")
        }
    }

    /// Sends a datagram; zero, or an errno(3) code.
    private static func send(_ text: String, to name: String) -> Int32 {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        var path = Array(name.utf8)
        // unix(7): a name that is no file's begins with a zero.
        if path.first == UInt8(ascii: "@") { path[0] = 0 }
        guard path.count < MemoryLayout.size(ofValue: address.sun_path) else { return ENAMETOOLONG }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path) }
        // Without a zero at the end, which an abstract name would have as a part of it.
        let length = socklen_t(MemoryLayout<sockaddr_un>.offset(of: \.sun_path)! + path.count)

        let datagrams = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard datagrams >= 0 else { return errno }
        defer { close(datagrams) }
        var text = text
        let sent = text.withUTF8 { bytes in
            withUnsafePointer(to: address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    sendto(datagrams, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL), $0, length)
                }
            }
        }
        return sent < 0 ? errno : 0
    }
}
