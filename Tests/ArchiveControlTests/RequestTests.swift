import ArchiveControl
import DICOM
import DICOMArchive
import Glibc
import TestSupport
import Testing

/// What an archive does with single requests.
@Suite struct RequestTests {
    /// Stores an instance 1.2.3.4.5 that is said to be another one, or not, as frames over a socket.
    private func store(saying uid: String, in archive: Archive) throws {
        var set = DataSetBuilder()
        set.text(.sopClassUID, .ui, "1.2.840.10008.5.1.4.1.1.7")
        set.text(.sopInstanceUID, .ui, "1.2.3.4.5")
        set.text(.studyInstanceUID, .ui, "1.2.3")
        set.text(.seriesInstanceUID, .ui, "1.2.3.4")
        let head = Part10Head.generated(
            format: Part10Head.currentFormat, sopClassUID: "1.2.840.10008.5.1.4.1.1.7", sopInstanceUID: "1.2.3.4.5",
            transferSyntaxUID: "1.2.840.10008.1.2.1")
        let bytes = try #require(head) + set.bytes
        let length = withUnsafeBytes(of: UInt32(bytes.count).bigEndian) { Array($0) }
        let frames = length + bytes + [0, 0, 0, 0]
        var ends: [Int32] = [-1, -1]
        #expect(socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &ends) == 0)
        defer { for end in ends { close(end) } }
        #expect(write(ends[1], frames, frames.count) == frames.count)
        let sender = StoreSender(callingAETitle: "CT", host: "192.0.2.1", sopInstanceUID: uid)
        try archive.perform(.importStream(name: uid, sender: sender), file: ends[0]) { _ in }
    }

    @Test func `an instance that is another one than its sender's command says is not stored`() throws {
        let folder = try TemporaryFolder()
        let archive = try Archive(
            path: folder.appending("archive"), create: true, holder: ArchiveFolder.Holder(command: "test"))
        let error = #expect(throws: Failure.self) { try store(saying: "1.2.3.4.6", in: archive) }
        #expect(error?.code == .refused)
        #expect(try archive.statistics().instances == 0)
        try store(saying: "1.2.3.4.5", in: archive)
        #expect(try archive.statistics().instances == 1)
    }

    @Test func `nobody waits for a report any more when its client is gone`() throws {
        let folder = try TemporaryFolder()
        let archive = try Archive(
            path: folder.appending("archive"), create: true, holder: ArchiveFolder.Holder(command: "test"))
        let request = ControlRequest.awaitReport(transactionUID: "1.2.3", milliseconds: 86_400_000)
        #expect(throws: Failure.self) { try archive.perform(request, file: nil) { _ in throw Gone() } }
    }

    private struct Gone: Error {}
}
