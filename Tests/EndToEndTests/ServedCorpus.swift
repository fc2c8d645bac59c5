import TestSupport
import Testing

/// A daemon with the corpus that all tests of a suite ask; what they store besides is of other studies.
///
/// Whoever calls may do everything. Its settings know the peers DEST and MOVESCU, each at a port.
struct ServedCorpus: Sendable {
    /// The one of the suite that is being run.
    @TaskLocal static var current = ServedCorpus(port: 0, folder: "", mount: "", destination: 0, mover: 0)

    var port: Int
    /// Where its files are.
    var folder: String
    var mount: String
    /// The port of DEST.
    var destination: Int
    /// The port of MOVESCU.
    var mover: Int

    /// A suite's trait.
    struct Trait: SuiteTrait, TestScoping {
        func provideScope(
            for test: Test, testCase: Test.Case?, performing function: @concurrent @Sendable () async throws -> Void
        ) async throws {
            let (destination, mover) = (LocalPort.free(), LocalPort.free())
            let served = try ServedArchive(
                settings: """
                    dicom: {unknown-peers: [echo, store, find, move, get, commit]}
                    peers:
                      dest: {ae-title: DEST, host: 127.0.0.1, port: \(destination)}
                      movescu: {ae-title: MOVESCU, host: 127.0.0.1, port: \(mover), may: [move]}
                    """)
            let folder = served.folder.appending("corpus")
            try Corpus.make(in: folder)
            let done = try DicomFS.run("import", "--archive", served.archive, folder)
            guard done.status == 0 else { throw UnexpectedExit(program: done) }
            let corpus = ServedCorpus(
                port: served.port, folder: folder, mount: served.mount, destination: destination, mover: mover)
            try await Self.hold(served) { try await ServedCorpus.$current.withValue(corpus) { try await function() } }
        }

        /// Keeps the daemon until the body has ended.
        private static func hold(_ served: ServedArchive, _ body: () async throws -> Void) async throws {
            defer { served.stop() }
            try await body()
        }
    }
}

extension Trait where Self == ServedCorpus.Trait {
    static var servedCorpus: Self { ServedCorpus.Trait() }
}
