import Glibc

/// Ports of this machine.
package enum LocalPort {
    /// A stream socket that is connected to a port; nil when nobody listens there.
    package static func connect(_ port: Int) -> Int32? { with(port, Glibc.connect) }

    /// A port that nobody has, for a program that cannot be asked which one it took. Not one of those that the kernel gives away.
    package static func free() -> Int {
        while true {
            let port = Int.random(in: 15_000..<32_000)
            if let socket = with(port, Glibc.bind) {
                close(socket)
                return port
            }
        }
    }

    private static func with(
        _ port: Int, _ call: (Int32, UnsafePointer<sockaddr>, socklen_t) -> Int32
    ) -> Int32? {
        let socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                call(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        if result == 0 { return socket }
        close(socket)
        return nil
    }
}
