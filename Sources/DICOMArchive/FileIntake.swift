import DICOM

/// A file on its way into the archive, whose bytes come in pieces: recognised by its beginning, then taken as an instance.
/// Used by one thread.
final class FileIntake {
    private let archive: Archive
    /// Whether it is an attachment of Orthanc: only a Part 10 file will do, not a bare data set, and not the copy of a file up
    /// to its pixel data, which Orthanc keeps beside each image that it compresses.
    private let isAttachment: Bool
    private let sender: Sender
    /// What is said to come; nil for any.
    private let sopInstanceUID: String?
    private var beginning: [UInt8] = []
    private var ingest: InstanceIngest?

    init(
        _ archive: Archive, isAttachment: Bool = false, sender: Sender = Sender(kind: .importing),
        sopInstanceUID: String? = nil
    ) {
        self.sopInstanceUID = sopInstanceUID
        self.archive = archive
        self.sender = sender
        self.isAttachment = isAttachment
    }

    /// Takes the next bytes.
    func take(_ bytes: RawSpan) throws(ArchiveError) {
        if let ingest { return try ingest.receive(bytes) }
        bytes.withUnsafeBytes { beginning.append(contentsOf: $0) }
        if beginning.count >= Part10.bytesToRecognize { try begin() }
    }

    /// Ends the file and stores the instance.
    func finish() throws(ArchiveError) -> IngestOutcome {
        if ingest == nil { try begin() }
        guard let ingest else { preconditionFailure("begin makes one or throws") }
        let prepared = try ingest.prepare()
        if isAttachment, prepared.lacksPixelData {
            throw ArchiveError(.notAnInstance, "Orthanc's copy of the beginning of an image, which is stored beside it")
        }
        if let sopInstanceUID, prepared.identity.sopInstanceUID != sopInstanceUID {
            throw ArchiveError(
                .refused, "the data set's SOP Instance UID \(prepared.identity.sopInstanceUID) is not the command's")
        }
        return try prepared.commit()
    }

    private func begin() throws(ArchiveError) {
        let head: Part10.Head
        switch Part10.recognize(beginning.span.bytes.extracting(first: min(beginning.count, Part10.bytesToRecognize))) {
        case .file(let found) where found.length > 0 || !isAttachment: head = found
        case .directory: throw ArchiveError(.notAnInstance, "a DICOMDIR, not an image")
        default: throw ArchiveError(.notAnInstance, "not a DICOM file")
        }
        let ingest = archive.beginInstance(
            head: .own(Array(beginning[..<head.length])), transferSyntaxUID: head.transferSyntax?.uid ?? "",
            sender: sender)
        let beginning = beginning
        try ingest.receive(beginning.span.bytes.extracting(head.length..<beginning.count))
        self.ingest = ingest
        self.beginning = []
    }
}
