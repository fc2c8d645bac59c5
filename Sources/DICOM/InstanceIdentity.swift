/// The values that say which patient, study, series and instance a data set is, read as Orthanc 1.10.1 reads them.
package struct InstanceIdentity: Hashable, Sendable {
    /// Decoded and cut at a NUL; spaces at its end removed, all else kept. Empty when absent.
    package let patientID: String
    package let studyInstanceUID: String
    package let seriesInstanceUID: String
    package let sopInstanceUID: String

    /// The most bytes of UTF-8 a Patient ID may have.
    static let longestPatientID = 256
    /// The most characters a UID may have (PS3.5 section 9.1).
    static let longestUID = 64

    /// The identity a data set's header holds.
    ///
    /// UIDs lose spaces and NULs at both ends and are otherwise kept, whatever characters PS3.5 allows in them, but for those
    /// that could be taken for a separator or do not print: `|`, `/`, control characters and all that is not ASCII.
    ///
    /// - Throws: `DICOMError` when a UID is missing, too long or unusable, or the Patient ID is too long.
    package init(_ header: DataSetHeader) throws {
        patientID = try Self.patientID(header)
        studyInstanceUID = try Self.uid(header, .studyInstanceUID, "Study Instance UID")
        seriesInstanceUID = try Self.uid(header, .seriesInstanceUID, "Series Instance UID")
        sopInstanceUID = try Self.uid(header, .sopInstanceUID, "SOP Instance UID")
    }

    /// The identity of these values, as they are.
    package init(patientID: String, studyInstanceUID: String, seriesInstanceUID: String, sopInstanceUID: String) {
        self.patientID = patientID
        self.studyInstanceUID = studyInstanceUID
        self.seriesInstanceUID = seriesInstanceUID
        self.sopInstanceUID = sopInstanceUID
    }

    /// The identifier of the patient.
    package var patient: OrthancIdentifier { .patient(patientID) }
    /// The identifier of the study.
    package var study: OrthancIdentifier { .study(patientID, studyInstanceUID) }
    /// The identifier of the series.
    package var series: OrthancIdentifier { .series(patientID, studyInstanceUID, seriesInstanceUID) }
    /// The identifier of the instance.
    package var instance: OrthancIdentifier {
        .instance(patientID, studyInstanceUID, seriesInstanceUID, sopInstanceUID)
    }

    private static func patientID(_ header: DataSetHeader) throws -> String {
        guard let entry = header.index[.patientID], !entry.isBulk else {
            guard !header.contains(.patientID) else { throw tooLong(.patientID, "Patient ID") }
            return ""
        }
        var text = header.decoded(entry).unicodeScalars[...]
        while text.last == " " { text.removeLast() }
        guard text.utf8Count <= longestPatientID else { throw tooLong(.patientID, "Patient ID") }
        return String(text)
    }

    private static func uid(_ header: DataSetHeader, _ tag: Tag, _ name: String) throws -> String {
        guard !header.isBulk(tag) else { throw tooLong(tag, name) }
        var bytes = header.bytes(tag) ?? []
        while let byte = bytes.first, byte == 0 || byte == 0x20 { bytes.removeFirst() }
        while let byte = bytes.last, byte == 0 || byte == 0x20 { bytes.removeLast() }
        guard !bytes.isEmpty else {
            throw DICOMError(.missingIdentifier, "\(name) \(tag) is missing: the instance cannot be identified")
        }
        guard bytes.count <= longestUID else { throw tooLong(tag, name) }
        let isUsable = bytes.allSatisfy { $0 >= 0x20 && $0 < 0x7F && $0 != 0x2F && $0 != 0x7C }
        guard isUsable else {
            throw DICOMError(
                .badIdentifier, "\(name) \(tag) holds a character that no UID may have: `|`, `/`, a control character"
                    + " or one outside ASCII")
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func tooLong(_ tag: Tag, _ name: String) -> DICOMError {
        let limit = tag == .patientID ? longestPatientID : longestUID
        return DICOMError(.badIdentifier, "\(name) \(tag) is longer than \(limit) bytes")
    }
}

extension Substring.UnicodeScalarView {
    fileprivate var utf8Count: Int { reduce(0) { $0 + UTF8.width($1) } }
}
