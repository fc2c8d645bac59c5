import Foundation
import Glibc
import TestSupport
import Testing

/// The storage folder of Debian's Orthanc, as it is on the disk.
@Suite(.enabled(if: Python.path != nil, "\(Python.missing)"))
struct OrthancStorageTests {
    private static let server = "/usr/sbin/Orthanc"
    private let folder: TemporaryFolder
    private var storage: String { folder.appending("storage") }
    private var archive: String { folder.appending("archive") }

    init() throws { folder = try TemporaryFolder() }

    /// Has Orthanc store files; it has ended afterwards.
    private func store(_ sources: String, compressed: Bool) throws {
        let port = Int.random(in: 20_000..<30_000)
        let settings = """
            {"StorageDirectory": "\(storage)", "IndexDirectory": "\(storage)", "HttpServerEnabled": false,
             "DicomPort": \(port), "Plugins": [], "StorageCompression": \(compressed)}
            """
        let configuration = try folder.write("orthanc.json", Array(settings.utf8))
        let null = open("/dev/null", O_RDWR | O_CLOEXEC)
        defer { close(null) }
        let orthanc = try ChildProcess(Self.server, [configuration], descriptors: (null, null, null))
        defer {
            orthanc.send(SIGTERM)
            orthanc.wait()
        }
        func echo() throws -> Bool { try Program.run("/usr/bin/echoscu", ["127.0.0.1", "\(port)"]).status == 0 }
        while try !echo() {
            try #require(orthanc.isRunning, "Orthanc has ended")
            usleep(50_000)
        }
        let sent = try Program.run(
            "/usr/bin/storescu", ["-aec", "ORTHANC", "127.0.0.1", "\(port)", "+sd", sources],
            environment: ["TCP_NODELAY": "1"])
        try #require(sent.status == 0, "\(sent.errors)")
    }

    @Test(.enabled(if: access(server, X_OK) == 0, "Orthanc is not installed"), arguments: [false, true])
    func `every instance of an Orthanc storage folder is imported as Orthanc received it`(compressed: Bool) throws {
        let sources = folder.appending("study")
        _ = try Study.make(in: sources, images: 12, size: 256)
        try store(sources, compressed: compressed)
        let imported = try DicomFS.run("import", "--archive", archive, storage)
        #expect(imported.output.hasPrefix("stored 12, already stored 0, new versions 0, "), "\(imported.output)")
        #expect(imported.output.hasSuffix(", refused 0\n"), "\(imported.output)\(imported.errors)")
        // The same data sets, in the same transfer syntax.
        let again = try DicomFS.run("import", "--archive", archive, sources)
        #expect(again.output == "stored 0, already stored 12, new versions 0, skipped 0, refused 0\n")
        #expect(try DicomFS.run("verify", "--archive", archive).status == 0)
    }

    /// Attachments as Orthanc compresses them, and what only looks like one.
    @Test func `what is no whole attachment is refused with a sentence, or skipped`() throws {
        let source = try #require(
            try Study.make(in: folder.appending("study"), images: 1, size: 256, noise: true).first)
        let made = try Python.run(
            """
            import struct, sys, zlib
            source, folder = sys.argv[1:]
            data = open(source, 'rb').read()
            def write(name, size, stream): open(f'{folder}/{name}', 'wb').write(struct.pack('<Q', size) + stream)
            whole = zlib.compress(data, 1)
            write('good', len(data), whole)
            write('cut', len(data), whole[:-1000])
            write('flipped', len(data), whole[:5000] + bytes([whole[5000] ^ 255]) + whole[5001:])
            write('longer', len(data) - 1, whole)
            write('shorter', len(data) + 1, whole)
            write('text', 1000, zlib.compress(b'x' * 1000))
            import pydicom
            header = pydicom.dcmread(source)
            del header.PixelData
            header.save_as(f'{folder}/header.dcm')
            header = open(f'{folder}/header.dcm', 'rb').read()
            write('header', len(header), zlib.compress(header))
            write('bomb', 1 << 30, zlib.compress(bytes(1 << 30), 9))
            write('headless', len(data) - 200, zlib.compress(data[200:]))
            """, [source, folder.path])
        try #require(made.status == 0, "\(made.errors)")
        let expected = [
            "cut": "compressed by Orthanc, and has not the", "flipped": "compressed by Orthanc, and ",
            "longer": "compressed by Orthanc, and has not the", "shorter": "compressed by Orthanc, and has not the",
            "header": "Orthanc's copy of the beginning of an image", "text": "not a DICOM file",
            "bomb": "not a DICOM file", "headless": "not a DICOM file",
        ]
        for (name, sentence) in expected {
            let done = try DicomFS.run("import", "--strict", "--archive", archive, folder.appending(name))
            #expect(done.status == 1)
            #expect(done.errors.contains("\(folder.appending(name)): \(sentence)"), "\(done.errors)")
        }
        #expect(try DicomFS.json([Listed].self, "list", "--archive", archive, "--level", "instance").isEmpty)
        #expect(try DicomFS.run("import", "--archive", archive, folder.appending("good")).status == 0)
        #expect(try DicomFS.run("import", "--archive", archive, source).output.hasPrefix("stored 0, already stored 1,"))
        #expect(try DicomFS.run("verify", "--archive", archive).status == 0)
    }
}
