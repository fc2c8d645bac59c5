package import Hashing

/// The name of a patient, study, series or instance as Orthanc makes it: SHA-1 of the identifying values joined by `|`.
package struct OrthancIdentifier: Hashable, Comparable, Sendable, CustomStringConvertible, LosslessStringConvertible {
    /// The digest.
    package let digest: SHA1Digest

    /// The identifier with this digest.
    package init(_ digest: SHA1Digest) {
        self.digest = digest
    }

    /// The identifier made of 20 bytes; nil for another number of them.
    package init?(_ bytes: RawSpan) {
        guard let digest = SHA1Digest(bytes) else { return nil }
        self.digest = digest
    }

    /// The identifier written as five groups of eight hexadecimal digits or as 40 digits; nil for any other text.
    package init?(_ description: String) {
        let text = description.utf8
        if text.count == 40 {
            guard let digest = SHA1Digest(hex: description) else { return nil }
            self.digest = digest
            return
        }
        let groups = description.split(separator: "-", omittingEmptySubsequences: false)
        guard groups.count == 5, groups.allSatisfy({ $0.utf8.count == 8 }),
            let digest = SHA1Digest(hex: groups.joined())
        else { return nil }
        self.digest = digest
    }

    /// The patient with this identity; every patient without a Patient ID is the same one.
    package static func patient(_ patientID: String) -> OrthancIdentifier {
        joined(patientID)
    }

    /// The study of this patient.
    package static func study(_ patientID: String, _ studyInstanceUID: String) -> OrthancIdentifier {
        joined(patientID, studyInstanceUID)
    }

    /// The series of this study.
    package static func series(
        _ patientID: String, _ studyInstanceUID: String, _ seriesInstanceUID: String
    ) -> OrthancIdentifier {
        joined(patientID, studyInstanceUID, seriesInstanceUID)
    }

    /// The instance of this series.
    package static func instance(
        _ patientID: String, _ studyInstanceUID: String, _ seriesInstanceUID: String, _ sopInstanceUID: String
    ) -> OrthancIdentifier {
        joined(patientID, studyInstanceUID, seriesInstanceUID, sopInstanceUID)
    }

    /// The 20 bytes, borrowed from this value.
    package var bytes: RawSpan {
        @_lifetime(borrow self)
        borrowing get { digest.bytes }
    }

    /// 40 lower-case hexadecimal digits.
    package var hex40: String { digest.description }

    /// Five groups of eight lower-case hexadecimal digits, joined by `-`.
    package var description: String {
        let digits = hex40
        var text = ""
        for (place, digit) in digits.enumerated() {
            if place > 0, place % 8 == 0 { text += "-" }
            text.append(digit)
        }
        return text
    }

    package static func < (left: Self, right: Self) -> Bool {
        left.digest < right.digest
    }

    private static func joined(_ values: String...) -> OrthancIdentifier {
        OrthancIdentifier(SHA1.hash(Array(values.joined(separator: "|").utf8)))
    }
}
