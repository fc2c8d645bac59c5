import DICOM
import DICOMArchive
import DICOMNetwork

/// An instance of the archive on its way to a peer: as it is stored, or transcoded.
struct StoredInstance: OutgoingInstance {
    let archive: Archive
    let file: StoredFile

    var sopClassUID: String { file.recipe.identity.sopClassUID }
    var sopInstanceUID: String { file.recipe.identity.sopInstanceUID }
    var transferSyntaxUID: String { file.recipe.transferSyntaxUID }

    func canBecome(_ transferSyntaxUID: String) -> Bool {
        transferSyntaxUID == self.transferSyntaxUID
            || Archive.canTranscode(to: transferSyntaxUID) && !TransferSyntax(self.transferSyntaxUID).isVideo
    }

    func read(as transferSyntaxUID: String, _ body: (RawSpan) throws -> Void) throws {
        try archive.transcode(file, to: transferSyntaxUID, body)
    }

    /// Reads what is kept at hand: nothing for long ones. Those of others may take its place before it is sent.
    func readAhead() {
        guard file.size <= Self.longestReadAhead else { return }
        try? file.read(file.dataSetOffset..<file.size, from: archive.store) { _ in }
    }

    private static let longestReadAhead = 4 << 20
}
