import DICOMNetwork
import Glibc
import TestSupport
import Testing
import Threads

/// A listener on a free port of this machine, run until it is dropped.
final class RunningListener {
    let listener: AssociationListener
    private let ended = Gate()

    init(
        _ provider: any ServiceProvider, _ configure: (inout AssociationListener.Configuration) -> Void = { _ in }
    ) throws {
        var configuration = AssociationListener.Configuration()
        configuration.port = 0
        configure(&configuration)
        listener = try AssociationListener(configuration: configuration, provider: provider)
        Thread.start { [listener, ended] in
            listener.run()
            ended.open()
        }
    }

    deinit { stop() }

    var port: Int { listener.port }

    /// Stops it; whether it ended.
    @discardableResult
    func stop() -> Bool {
        listener.stop()
        return ended.wait(milliseconds: 60_000)
    }

    /// Descriptors of this process that are bound to the port: of the listener, and of connections it accepted.
    var sockets: Int {
        (0..<4096).count { descriptor in
            var address = sockaddr_in()
            var length = socklen_t(MemoryLayout<sockaddr_in>.size)
            let result = withUnsafeMutablePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(Int32(descriptor), $0, &length) }
            }
            return result == 0 && address.sin_family == AF_INET && Int(UInt16(bigEndian: address.sin_port)) == port
        }
    }

    /// Waits until only the listener itself has a descriptor; whether that came.
    func closesAllConnections() -> Bool {
        for _ in 0..<6000 {
            if sockets == 1 { return true }
            usleep(10_000)
        }
        return false
    }

    /// Asks for an echo, as a modality would.
    func expectEcho(_ location: SourceLocation = #_sourceLocation) throws {
        let peer = try Peer(self)
        try peer.associate([.verification])
        try peer.send(PDU.data([PDU.PDV(1, .command, PDU.command(0x0030))]))
        let answer = try peer.receiveCommand()
        #expect(answer[0x0900] == [0, 0], sourceLocation: location)
        try peer.send(PDU.release)
        #expect(try peer.drain() == [6], sourceLocation: location)
    }
}
