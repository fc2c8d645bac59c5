import TestSupport
import Testing

/// A served archive that all tests of a suite look at, and none changes.
struct SharedArchive: Sendable {
    /// The one of the suite that is being run.
    @TaskLocal static var current = SharedArchive(archive: "", mount: "", sources: "")

    var archive: String
    var mount: String
    /// The folder whose files it was filled with.
    var sources: String

    /// A suite's trait: what it is filled with.
    struct Filled: SuiteTrait, TestScoping {
        /// Writes files to a folder, and names others, that are to be imported besides, the first one before all.
        let write: @Sendable (_ folder: String) throws -> [String]

        func provideScope(
            for test: Test, testCase: Test.Case?, performing function: @concurrent @Sendable () async throws -> Void
        ) async throws {
            let served = try ServedArchive()
            let sources = try served.folder.makeFolder("sources")
            let others = try write(sources)
            // Of the real files some are refused: 1. Several have one SOP Instance UID: the first one by itself, since two are
            // stored at a time and which comes first is shown.
            for paths in [Array(others.prefix(1)), [sources] + others.dropFirst()] where !paths.isEmpty {
                let done = try Program.run(DicomFS.path, ["import", "--archive", served.archive] + paths)
                guard done.status <= 1 else { throw UnexpectedExit(program: done) }
            }
            let shared = SharedArchive(archive: served.archive, mount: served.mount, sources: sources)
            try await Self.hold(served) { try await SharedArchive.$current.withValue(shared) { try await function() } }
        }

        /// Keeps the archive served until the body has ended.
        private static func hold(_ served: ServedArchive, _ body: () async throws -> Void) async throws {
            defer { served.stop() }
            try await body()
        }
    }
}

extension Trait where Self == SharedArchive.Filled {
    /// Made studies: a CT of 12 images, and one of 3.
    static var madeStudies: Self {
        SharedArchive.Filled { folder in
            _ = try Study.make(in: "\(folder)/a", images: 12)
            _ = try Study.make(in: "\(folder)/b", images: 3, size: 32, seed: 2)
            return []
        }
    }

    /// All of pydicom's real files, several versions of an instance among them, a made study and a multi-frame image.
    static var realFiles: Self {
        SharedArchive.Filled { folder in
            let image = try Study.make(in: "\(folder)/a", images: 3)[0]
            let made = try Python.run(multiFrame, [image, "\(folder)/frames.dcm"])
            guard made.status == 0 else { throw UnexpectedExit(program: made) }
            // The one whose pixels cannot be decoded first.
            return Python.testFiles.map { ["\($0)/JPEG2000-embedded-sequence-delimiter.dcm", $0] } ?? []
        }
    }
}

private let multiFrame = """
    import sys
    import pydicom
    dataset = pydicom.dcmread(sys.argv[1])
    dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID + '.1'
    dataset.NumberOfFrames = 20
    dataset.PixelData = b''.join(bytes([place]) * len(dataset.PixelData) for place in range(20))
    dataset.save_as(sys.argv[2])
    """
