import TestSupport
import Testing

/// Real files in one archive, copies of which are served with each `png` option.
struct PictureModes: Sendable {
    /// Those of the suite that is being run.
    @TaskLocal static var current = PictureModes(archive: "", mounts: [:])

    /// One that nobody serves.
    var archive: String
    /// Where each is mounted, by the option.
    private(set) var mounts: [String: String]

    func mount(_ mode: String) throws -> String { try #require(mounts[mode]) }

    /// Copies the archive to a folder, and serves it with an option.
    func serve(_ mode: String, in folder: TemporaryFolder) throws -> ServedArchive {
        let copy = folder.appending(mode)
        let done = try Program.run("cp", ["-a", archive, copy])
        guard done.status == 0 else { throw UnexpectedExit(program: done) }
        return try ServedArchive(archive: copy, options: ["-o", "png=\(mode)"])
    }

    /// A suite's trait.
    struct Served: SuiteTrait, TestScoping {
        func provideScope(
            for test: Test, testCase: Test.Case?, performing function: @concurrent @Sendable () async throws -> Void
        ) async throws {
            let folder = try TemporaryFolder()
            let sources = try folder.makeFolder("sources")
            let others = try SharedArchive.Filled.realFiles.write(sources)
            var modes = PictureModes(archive: folder.appending("archive"), mounts: [:])
            let root = try #require(Python.testFiles)
            // Of instances that several files have, so these are what is shown.
            for paths in [Self.first.map { "\(root)/\($0)" }, [sources] + others] {
                let done = try Program.run(DicomFS.path, ["import", "--archive", modes.archive] + paths)
                // Some are refused.
                guard done.status <= 1 else { throw UnexpectedExit(program: done) }
            }
            var served: [ServedArchive] = []
            for mode in ["display", "raw16", "off"] {
                served.append(try modes.serve(mode, in: folder))
                modes.mounts[mode] = served.last?.mount
            }
            try await Self.hold(served) { [modes] in
                try await PictureModes.$current.withValue(modes) { try await function() }
            }
        }

        /// A cut codestream, one that pydicom's decoders refuse, and several frames in 32 bits and in colour.
        private static let first = [
            "JPEG2000-embedded-sequence-delimiter.dcm", "JPEG-lossy.dcm", "rtdose.dcm", "SC_rgb_rle_2frame.dcm",
        ]

        /// Keeps the archives served until the body has ended.
        private static func hold(_ served: [ServedArchive], _ body: () async throws -> Void) async throws {
            defer { for archive in served { archive.stop() } }
            try await body()
        }
    }
}

extension Trait where Self == PictureModes.Served {
    /// ``SharedArchive``'s real files with each `png` option.
    static var pictureModes: Self { PictureModes.Served() }
}
