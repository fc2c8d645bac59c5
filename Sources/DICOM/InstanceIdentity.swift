/// The values that say which patient, study, series and instance a data set is, read as Orthanc 1.10.1 reads them.
package struct InstanceIdentity: Hashable, Sendable {
    /// Without spaces at its end (kept in a value of odd length), cut at a NUL, decoded; all else kept. Empty when absent.
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
    /// UIDs are cut at a NUL and lose all spaces, and tabs and line ends at both ends. What is left is kept, whatever
    /// characters PS3.5 allows in a UID; refused are those that could be taken for a separator or do not print: `|`, `/`,
    /// control characters and all that is not ASCII.
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
        guard !entry.isUndefined else {
            throw DICOMError(.badIdentifier, "Patient ID \(Tag.patientID) holds items where text belongs")
        }
        var bytes = header.bytes[entry.start..<entry.end]
        if bytes.count % 2 == 0 {
            while bytes.last == 0x20 { bytes.removeLast() }
        }
        let text = header.characterSet.decode(bytes.prefix { $0 != 0 })
        guard text.utf8.count <= longestPatientID else { throw tooLong(.patientID, "Patient ID") }
        return text
    }

    private static func uid(_ header: DataSetHeader, _ tag: Tag, _ name: String) throws -> String {
        guard !header.isBulk(tag) else { throw tooLong(tag, name) }
        var bytes = (header.bytes(tag) ?? []).prefix { $0 != 0 }.filter { $0 != 0x20 }[...]
        while let byte = bytes.first, isBlank(byte) { bytes.removeFirst() }
        while let byte = bytes.last, isBlank(byte) { bytes.removeLast() }
        guard !bytes.isEmpty else {
            throw DICOMError(.missingIdentifier, "\(name) \(tag) is missing: the instance cannot be identified")
        }
        guard bytes.count <= longestUID else { throw tooLong(tag, name) }
        let isUsable = bytes.allSatisfy { $0 >= 0x20 && $0 < 0x7F && $0 != 0x2F && $0 != 0x7C }
        guard isUsable else {
            throw DICOMError(
                .badIdentifier,
                "\(name) \(tag) holds a character that no UID may have: `|`, `/`, a control character"
                    + " or one outside ASCII")
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Tab, line feed, vertical tab, form feed, carriage return.
    private static func isBlank(_ byte: UInt8) -> Bool { byte >= 0x09 && byte <= 0x0D }

    private static func tooLong(_ tag: Tag, _ name: String) -> DICOMError {
        let limit = tag == .patientID ? longestPatientID : longestUID
        return DICOMError(.badIdentifier, "\(name) \(tag) is longer than \(limit) bytes")
    }
}
