import Foundation
import TestSupport
import Testing

/// Real files of pydicom that `dicomfs render` is tried on.
enum RenderedFile: String, CaseIterable, Sendable {
    /// 16 bits, signed, without a window.
    case ct = "CT_small.dcm"
    /// 30 frames in colour.
    case frames = "examples_ybr_color.dcm"
    /// 12 bits, a window and an overlay.
    case overlay = "examples_overlay.dcm"
    case plan = "rtplan.dcm"
    /// A cut codestream.
    case undecodable = "JPEG2000-embedded-sequence-delimiter.dcm"

    /// Its path among pydicom's files.
    var path: String { "\(Python.testFiles ?? "")/\(rawValue)" }

    private var sopInstanceUID: String {
        switch self {
        case .ct: "1.3.6.1.4.1.5962.1.1.1.1.1.20040119072730.12322"
        case .frames: "1.2.840.114340.3.8251017118051.3.20160503.121539.16117.4"
        case .overlay: "1.2.826.0.1.3680043.8.498.56065470899706926608807826667383533307"
        case .plan: "1.2.777.777.77.7.7777.7777.20030903150023"
        case .undecodable: "1.3.6.1.4.1.5962.1.1.8.1.3.20040826185059.5457"
        }
    }

    /// What an archive lists it as.
    func listed(in archive: String = SharedArchive.current.archive) throws -> Listed {
        let all = try DicomFS.json([Listed].self, "list", "--archive", archive, "--level", "instance")
        return try #require(all.first { $0.sopInstanceUID == sopInstanceUID })
    }

    /// Runs `dicomfs render` of it with `-O`; what was written.
    func render(_ options: String..., in archive: String = SharedArchive.current.archive) throws -> [UInt8] {
        let folder = try TemporaryFolder()
        let path = folder.appending("a.png")
        let id = try listed(in: archive).id
        let done = try Program.run(DicomFS.path, ["render", "--archive", archive, id, "-O", path] + options)
        guard done.status == 0, done.output == "", done.errors == "" else { throw UnexpectedExit(program: done) }
        return [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
    }
}

/// PNG files that a Python script compares with what pydicom and numpy say.
enum PNGCheck {
    /// Runs a script that has the instance as `ds`, and what Pillow reads of each PNG in `pngs` and `modes`; what it
    /// prints.
    ///
    /// pngcheck finds no fault in any.
    static func run(_ script: String, _ file: RenderedFile, _ pngs: [UInt8]...) throws -> String {
        let folder = try TemporaryFolder()
        let paths = try pngs.enumerated().map { try folder.write("\($0.offset).png", $0.element) }
        let checked = try Program.run("pngcheck", ["-q"] + paths)
        #expect(checked.status == 0 && checked.output + checked.errors == "", "\(checked.output)\(checked.errors)")
        let done = try Python.run(reading + script, [file.path] + paths)
        #expect(done.status == 0, "\(done.errors)")
        return done.output
    }

    /// Whether two have the same pixels, of the same type.
    static func areEqual(_ one: [UInt8], _ other: [UInt8], _ file: RenderedFile) throws -> Bool {
        let script = "print(modes[0] == modes[1] and pngs[0].shape == pngs[1].shape and (pngs[0] == pngs[1]).all())"
        return try run(script, file, one, other) == "True\n"
    }

    private static let reading = """
        import sys
        import numpy as np
        import pydicom
        from PIL import Image
        ds = pydicom.dcmread(sys.argv[1])
        images = [Image.open(path) for path in sys.argv[2:]]
        modes = [image.mode for image in images]
        pngs = [np.asarray(image).astype(np.int64) for image in images]

        """
}

extension Trait where Self == SharedArchive.Filled {
    /// The files of ``RenderedFile``.
    static var renderedFiles: Self { SharedArchive.Filled { _ in RenderedFile.allCases.map(\.path) } }
}
