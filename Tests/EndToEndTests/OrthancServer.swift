import Foundation
import Glibc
import TestSupport

/// Debian's Orthanc with AE title ORTHANC and folders of its own, until it is stopped or dropped.
final class OrthancServer {
    static let path = "/usr/sbin/Orthanc"
    static let aeTitle = "ORTHANC"
    static let isInstalled = access(path, X_OK) == 0

    let port = LocalPort.free()
    /// Where its files are.
    let storage: String
    private let folder: TemporaryFolder
    private let process: ServerProcess

    /// Starts it; returns when it listens, some seconds later.
    ///
    /// - Parameter modalities: whom it may send to: the port of each AE title.
    init(modalities: [String: Int] = [:]) throws {
        folder = try TemporaryFolder()
        storage = try folder.makeFolder("storage")
        let known = modalities.map { "\"\($0.key)\": [\"\($0.key)\", \"127.0.0.1\", \($0.value)]" }
        let settings = """
            {"StorageDirectory": "\(storage)", "IndexDirectory": "\(try folder.makeFolder("index"))",
             "HttpServerEnabled": false, "Plugins": [], "DicomAet": "\(Self.aeTitle)", "DicomPort": \(port),
             "DicomAlwaysAllowFind": true, "DicomAlwaysAllowGet": true, "DicomAlwaysAllowMove": true,
             "DicomModalities": {\(known.joined(separator: ", "))}}
            """
        let configuration = try folder.write("orthanc.json", Array(settings.utf8))
        process = try ServerProcess(Self.path, [configuration], port: port)
    }

    /// What it said.
    var log: String { process.log }

    func stop() { process.stop() }
}
