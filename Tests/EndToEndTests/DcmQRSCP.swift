import Foundation
import Glibc
import TestSupport

/// dcmtk's dcmqrscp, an archive of files in a folder with AE title QR, until it is stopped or dropped.
final class DcmQRSCP {
    static let path = "/usr/bin/dcmqrscp"
    static let aeTitle = "QR"

    let port = LocalPort.free()
    /// Where its files are.
    let storage: String
    private let folder: TemporaryFolder
    private let process: ServerProcess

    /// Starts it; returns when it listens.
    ///
    /// - Parameter hosts: whom it may move to: the port of each AE title.
    init(hosts: [String: Int] = [:]) throws {
        folder = try TemporaryFolder()
        storage = try folder.makeFolder("storage")
        var lines = ["MaxPDUSize = 16384", "MaxAssociations = 16", "HostTable BEGIN"]
        lines += hosts.enumerated().map { "host\($0) = (\($1.key), localhost, \($1.value))" }
        lines += ["HostTable END", "VendorTable BEGIN", "VendorTable END", "AETable BEGIN"]
        lines += ["\(Self.aeTitle) \(storage) RW (200, 1024mb) ANY", "AETable END", ""]
        let configuration = try folder.write("dcmqrscp.cfg", Array(lines.joined(separator: "\n").utf8))
        process = try ServerProcess(Self.path, ["-c", configuration, "\(port)"], port: port)
    }

    /// What it said.
    var log: String { process.log }

    func stop() { process.stop() }
}
