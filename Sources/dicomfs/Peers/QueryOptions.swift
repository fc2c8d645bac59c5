import ArchiveSCP
import ArgumentParser
import DICOM
import DICOMArchive
import DICOMNetwork

/// What a command asks a peer for.
struct QueryOptions: ParsableArguments {
    @Argument(
        help: ArgumentHelp(
            """
            Keys: a keyword or gggg,eeee, with =VALUE to match. * and ? stand for anything, A-B for a range of dates and \
            times, a backslash stands between several UIDs.
            """, valueName: "key"))
    var keys: [KeyArgument] = []

    @Option(
        help:
            "What is asked for: patient, study, series or instance. Default: the lowest level that keys name a UID of, or study."
    )
    var level: Level?

    /// The level, and the identifier with its name.
    func identifier(_ more: [Tag] = []) -> (level: Level, identifier: KeyIdentifier) {
        var identifier = KeyIdentifier(keys)
        let level = level ?? Level.allCases.last { identifier.contains($0.uniqueKey) && $0 > .patient } ?? .study
        identifier.put(.queryRetrieveLevel, level.identifierName)
        for tag in more where !identifier.contains(tag) { identifier.put(tag) }
        return (level, identifier)
    }

    /// The SOP Class for a level: Patient Root for patients only, which not all peers have.
    static func sopClass(_ kind: DICOMNetwork.Operation.Kind, _ level: Level) -> String {
        switch (kind, level) {
        case (.find, .patient): SOPClass.patientRootFind
        case (.find, _): SOPClass.studyRootFind
        case (.move, .patient): SOPClass.patientRootMove
        case (.move, _): SOPClass.studyRootMove
        case (.get, .patient): SOPClass.patientRootGet
        case (.get, _): SOPClass.studyRootGet
        }
    }

    /// Its presentation context.
    static func context(_ sopClassUID: String) -> ProposedContext {
        ProposedContext(
            sopClassUID, [TransferSyntax.explicitVRLittleEndian.uid, TransferSyntax.implicitVRLittleEndian.uid])
    }
}
