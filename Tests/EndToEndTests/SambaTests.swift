import Foundation
import TestSupport
import Testing

/// The mount as a share of a real smbd, seen by smbclient.
@Suite(.serialized, .enabled(if: SambaShare.isPossible, "\(SambaShare.missing)"))
struct SambaTests {
    private let folder: TemporaryFolder
    private let served: ServedArchive
    private let share: SambaShare

    init() throws {
        folder = try TemporaryFolder()
        _ = try Study.make(in: folder.appending("study"), images: 6)
        served = try ServedArchive.forSamba()
        #expect(try served.storescu([folder.appending("study")]).status == 0)
        share = try SambaShare(served.mount)
    }

    @Test func `a client of another user gets every file under its name, byte for byte`() throws {
        defer { share.stop() }
        let copy = try folder.makeFolder("copy")
        let got = try share.client("recurse ON", "prompt OFF", "lcd \(copy)", "mget *")
        #expect(got.status == 0, "\(got.errors)")
        let difference = try Program.run("diff", ["-r", served.mount, copy])
        #expect(difference.status == 0, "\(difference.output)\(difference.errors)")
        #expect(try Program.run("find", [copy, "-type", "f"]).output.split(separator: "\n").count == 12)
        // Names that are not listed are there too, and one in other case is another.
        let file = try #require(try served.files(".dcm").first)
        #expect(try share.client("get \(backslashed(file)) \(copy)/one").status == 0)
        let other = try share.client("get \(backslashed(file.uppercased())) \(copy)/two")
        #expect(other.output.contains("NT_STATUS_OBJECT_PATH_NOT_FOUND"), "\(other.output)")
    }

    @Test func `a client can change nothing`() throws {
        defer { share.stop() }
        let before = try served.files()
        let file = backslashed(try #require(before.first))
        let source = try folder.write("new", [1, 2, 3])
        for command in ["put \(source) new", "put \(source) \(file)", "mkdir new", "del \(file)", "rename \(file) new"]
        {
            let tried = try share.client(command)
            #expect(tried.output.contains("NT_STATUS_ACCESS_DENIED"), "\(command): \(tried.output)")
        }
        #expect(try served.files() == before)
        #expect(served.isRunning)
    }

    @Test func `a connected client sees what arrives and what goes at once`() throws {
        defer { share.stop() }
        _ = try Study.make(in: folder.appending("more"), images: 2, seed: 2)
        let old = try #require(
            try DicomFS.json([Listed].self, "list", "--archive", served.archive, "--level", "study").first)
        let store = "/usr/bin/storescu -aec DICOMFS 127.0.0.1 \(served.port) +sd \(folder.appending("more"))"
        let delete = "\(DicomFS.path) delete --archive \(served.archive) \(old.id)"
        // One connection, from the first line to the last.
        let seen = try share.client(
            "recurse ON", "ls", "!\(store) >&2", "ls", "!\(delete) >&2", "ls", "get \(backslashed(old.path))")
        // Each listing ends with the space that is free.
        let listings = seen.output.components(separatedBy: "blocks available")
        let counts = listings.map { $0.components(separatedBy: ".dcm ").count - 1 }
        #expect(counts == [6, 8, 2, 0], "\(seen.output)\(seen.errors)")
        #expect(listings.last?.contains("NT_STATUS_OBJECT_") == true, "\(seen.output)\(seen.errors)")
    }

    /// A path as smbclient takes it.
    private func backslashed(_ path: String) -> String { path.replacingOccurrences(of: "/", with: "\\") }
}
