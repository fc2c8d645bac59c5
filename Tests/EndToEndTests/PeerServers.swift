import Foundation
import TestSupport
import Testing

/// dcmqrscp and Orthanc, each with ``Corpus``, that all tests of a suite ask; what they are sent besides is of other patients.
struct PeerServers: Sendable {
    /// Those of the suite that is being run.
    @TaskLocal static var current = PeerServers(corpus: "", ports: [:], storage: [:], own: [:])

    /// Where the files are that both have.
    var corpus: String
    var ports: [Archive: Int]
    /// The folders in which they keep what they have.
    var storage: [Archive: String]
    /// The AE titles and ports that both know: each test that has something sent to it uses one of its own.
    var own: [String: Int]

    /// One of the servers.
    enum Archive: String, CaseIterable, Sendable {
        case dcmqrscp, orthanc

        var aeTitle: String { self == .dcmqrscp ? DcmQRSCP.aeTitle : OrthancServer.aeTitle }
    }

    /// As `AET@HOST:PORT`.
    func address(_ archive: Archive) -> String { "\(archive.aeTitle)@127.0.0.1:\(ports[archive] ?? 0)" }

    /// A settings file in which both are peers.
    ///
    /// - Parameter own: the AE title of ``own`` that is ours, with its port.
    func settings(_ own: String = "MOVE", _ more: String = "") -> String {
        let peers = Archive.allCases.map {
            "  \($0): {ae-title: \($0.aeTitle), host: 127.0.0.1, port: \(ports[$0] ?? 0), may: [store, commit]}\n"
        }
        return "dicom: {ae-title: \(own), port: \(self.own[own] ?? 0)}\npeers:\n\(peers.joined())\(more)"
    }

    /// A suite's trait.
    struct Trait: SuiteTrait, TestScoping {
        func provideScope(
            for test: Test, testCase: Test.Case?, performing function: @concurrent @Sendable () async throws -> Void
        ) async throws {
            let folder = try TemporaryFolder()
            let titles =
                ["MOVE", "COMMIT"] + Archive.allCases.flatMap { ["\($0)1", "\($0)2", "\($0)3"] } + ["COMMIT2"]
            let own = Dictionary(uniqueKeysWithValues: titles.map { ($0, LocalPort.free()) })
            let (orthanc, dcmqrscp) = (try OrthancServer(modalities: own), try DcmQRSCP(hosts: own))
            defer {
                orthanc.stop()
                dcmqrscp.stop()
            }
            let servers = PeerServers(
                corpus: folder.appending("corpus"), ports: [.dcmqrscp: dcmqrscp.port, .orthanc: orthanc.port],
                storage: [.dcmqrscp: dcmqrscp.storage, .orthanc: orthanc.storage], own: own)
            try Corpus.make(in: servers.corpus)
            for archive in Archive.allCases {
                let sent = try Program.run(
                    "/usr/bin/storescu",
                    ["-aec", archive.aeTitle, "127.0.0.1", "\(servers.ports[archive] ?? 0)", "+sd", servers.corpus],
                    environment: ["TCP_NODELAY": "1"])
                guard sent.status == 0 else { throw UnexpectedExit(program: sent) }
            }
            try await PeerServers.$current.withValue(servers) { try await function() }
        }
    }
}

extension Trait where Self == PeerServers.Trait {
    static var peerServers: Self { PeerServers.Trait() }
}

/// The data sets of the Part 10 files in a folder and those below, by the SOP Instance UID that their heads say.
func dataSets(in folder: String) throws -> [String: [UInt8]] {
    var found: [String: [UInt8]] = [:]
    for name in try FileManager.default.subpathsOfDirectory(atPath: folder) {
        guard let file = try? [UInt8](Data(contentsOf: URL(fileURLWithPath: "\(folder)/\(name)"))), file.count > 144,
            file[128..<132].elementsEqual("DICM".utf8)
        else { continue }
        let end = 144 + file[140..<144].reversed().reduce(0) { $0 << 8 | Int($1) }
        // (0002,0003) UI, and its length.
        let start = (144..<end - 8).first { file[$0..<$0 + 6].elementsEqual([2, 0, 3, 0, 0x55, 0x49]) }
        guard let start else { continue }
        let uid = file[(start + 8)..<(start + 8 + Int(file[start + 6]))].filter { $0 != 0 }
        found[String(decoding: uid, as: UTF8.self)] = Array(file[end...])
    }
    return found
}
