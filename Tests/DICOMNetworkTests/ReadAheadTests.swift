import DICOM
import DICOMArchive
import DICOMNetwork
import Synchronization
import TestSupport
import Testing

@testable import ArchiveSCP

/// Which instances of a retrieval are read before they are asked for.
@Suite struct ReadAheadTests {
    private static let image = "1.2.840.10008.5.1.4.1.1.7"
    private static let stored = "1.2.840.10008.1.2.1"
    private static let other = "1.2.840.10008.1.2"
    private static let get = "1.2.840.10008.5.1.4.1.2.2.3"

    /// An archive with so many images of one series.
    private func archive(in folder: TemporaryFolder, _ count: Int) throws -> Archive {
        let holder = ArchiveFolder.Holder(command: "test", mount: nil)
        let archive = try Archive(path: folder.appending("archive"), create: true, holder: holder)
        for number in 1...count {
            var set = DataSetBuilder()
            set.text(.sopClassUID, .ui, Self.image)
            set.text(.sopInstanceUID, .ui, "1.2.3.4.\(number)")
            set.text(.studyInstanceUID, .ui, "1.2.3")
            set.text(.seriesInstanceUID, .ui, "1.2.3.4")
            let ingest = archive.beginInstance(
                head: .newest, transferSyntaxUID: Self.stored,
                sender: Sender(kind: .store, callingAETitle: "CT1", host: "10.0.0.1"))
            try ingest.receive(set.bytes.span.bytes)
            _ = try ingest.prepare().commit()
        }
        return archive
    }

    @Test func `the next instance is read ahead when the last one was sent as it is stored`() throws {
        let folder = try TemporaryFolder()
        // The transfer syntax that each is sent in.
        let syntaxes = [Self.stored, Self.stored, Self.other, Self.other, Self.stored, Self.stored]
        let archive = try archive(in: folder, syntaxes.count)
        let isAtHand = Mutex<[Bool]>([])
        let provider = RecordingProvider(decision: .accept([.get])) { operation in
            var instances: [RetrievedInstance] = []
            try archive.instances(of: Retrieval(.study, [.study: ["1.2.3"]])) {
                instances.append($0)
                return true
            }
            var suboperations = Suboperations(archive, operation, instances.sorted())
            return try suboperations.run { instance, meanwhile in
                #expect(!instance.isAtHand(as: Self.other))
                let place = isAtHand.withLock { isAtHand in
                    isAtHand.append(instance.isAtHand(as: Self.stored))
                    return isAtHand.count - 1
                }
                meanwhile(syntaxes[place])
                return .answered(.success, comment: "")
            }
        }
        let running = try RunningListener(provider)
        let user = try ServiceUser(
            RequestedAssociation(
                calling: "TEST", called: "DICOMFS", host: "127.0.0.1", port: running.port,
                contexts: [ProposedContext(Self.get, [Self.stored])]))
        let last = try user.perform(.get, .init(sopClassUID: Self.get, identifier: [0, 0])) { _ in true }
        user.release()
        #expect(last.counts?.completed == syntaxes.count)
        #expect(isAtHand.withLock { $0 } == [false, true, true, false, false, true])
    }
}
