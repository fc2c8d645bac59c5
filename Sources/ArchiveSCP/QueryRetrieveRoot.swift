import DICOM
package import DICOMArchive

/// The information models of Query/Retrieve (PS3.4 section C.3).
package enum QueryRetrieveRoot: Sendable {
    /// Patient Root: PATIENT, STUDY, SERIES and IMAGE.
    case patient
    /// Study Root: STUDY, with the attributes of its patient, SERIES and IMAGE.
    case study

    /// The level that an identifier is of, and its name there.
    func level(of header: DataSetHeader) throws(IdentifierError) -> Level {
        let name = header.text(.queryRetrieveLevel)?.uppercased() ?? ""
        guard let level = Level.allCases.first(where: { $0.identifierName == name }) else {
            throw .doesNotMatch(
                .queryRetrieveLevel, name.isEmpty ? "Query/Retrieve Level is missing" : "no such Query/Retrieve Level")
        }
        guard self == .patient || level > .patient else {
            throw .doesNotMatch(.queryRetrieveLevel, "Study Root has no PATIENT level")
        }
        return level
    }
}

extension Level {
    /// Its name in Query/Retrieve Level (0008,0052).
    package var identifierName: String {
        switch self {
        case .patient: "PATIENT"
        case .study: "STUDY"
        case .series: "SERIES"
        case .instance: "IMAGE"
        }
    }
}
