import DICOM
import DICOMArchive
import DICOMNetwork

/// An instance of the archive on its way to a peer: as it is stored, or transcoded.
struct StoredInstance: OutgoingInstance {
    let archive: Archive
    let file: StoredFile
    /// What was read ahead.
    private var held: HeldDataSet?

    init(archive: Archive, file: StoredFile) {
        self.archive = archive
        self.file = file
    }

    var sopClassUID: String { file.recipe.identity.sopClassUID }
    var sopInstanceUID: String { file.recipe.identity.sopInstanceUID }
    var transferSyntaxUID: String { file.recipe.transferSyntaxUID }

    func canBecome(_ transferSyntaxUID: String) -> Bool {
        transferSyntaxUID == self.transferSyntaxUID
            || Archive.canTranscode(to: transferSyntaxUID) && !TransferSyntax(self.transferSyntaxUID).isVideo
    }

    func isAtHand(as transferSyntaxUID: String) -> Bool { transferSyntaxUID == self.transferSyntaxUID && held != nil }

    func read(as transferSyntaxUID: String, _ body: (RawSpan) throws -> Void) throws {
        if transferSyntaxUID == self.transferSyntaxUID, let held { return try held.read(body) }
        try archive.transcode(file, to: transferSyntaxUID, body)
    }

    /// Reads it as it is stored, and holds that; not when it is long. What cannot be read shows when it is sent.
    mutating func readAhead() {
        if file.size <= Self.longestReadAhead { held = try? HeldDataSet(file, in: archive) }
    }

    private static let longestReadAhead = 4 << 20
}
