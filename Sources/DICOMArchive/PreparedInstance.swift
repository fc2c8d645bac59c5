import ContentStore
import DICOM
import Hashing

/// An instance whose bytes are all stored or in hand, ready to be committed.
struct PreparedInstance: Sendable {
    /// The recipe, but for what the commit decides: version, node payload, frame ordinal.
    var recipe: Recipe
    /// The header row.
    var header: [UInt8]
    /// Main tags of each level.
    var attributes: [Level: [Attribute]]

    /// The value of a main tag; nil when absent or empty.
    func value(_ tag: Tag) -> String? {
        for attributes in attributes.values {
            if let value = attributes.first(where: { $0.tag == tag })?.value { return value.isEmpty ? nil : value }
        }
        return nil
    }

    /// What the name of its directory of a level, or its own, is made of; the identifier's suffix comes after.
    func nameParts(_ level: Level) -> [String] {
        switch level {
        case .patient:
            // A patient without PatientID is everybody's: never a name there.
            guard let id = value(.patientID) else { return ["NoPatientID"] }
            return [SafeName.part(id) ?? "NoPatientID", SafeName.part(value(.patientName)) ?? "NoName"]
        case .study:
            return [
                SafeName.part(value(.studyDate)) ?? "NoDate",
                SafeName.part(value(.studyDescription)) ?? "NoDescription",
            ]
        case .series:
            return [
                SafeName.part(value(.seriesNumber)) ?? "NoNumber",
                SafeName.part(value(.modality)) ?? "NoModality",
                SafeName.part(value(.seriesDescription)) ?? "NoDescription",
            ]
        case .instance:
            let number = value(.instanceNumber).flatMap { Int32($0) } ?? 0
            let digits = String(max(number, 0))
            return [String(repeating: "0", count: max(0, 6 - digits.count)) + digits]
        }
    }
}

extension Recipe {
    /// What the node id of this version's file takes its last 17 bits from: all that decides the file's bytes.
    var versionDigest: SHA256Digest {
        var bytes = Array("dicomfs version 1\0".utf8) + dataSetDigest.array
        bytes.append(UInt8(truncatingIfNeeded: transferSyntaxUID.utf8.count))
        bytes += transferSyntaxUID.utf8
        switch head {
        case .generated(let format):
            bytes.append(0)
            let number = UInt32(truncatingIfNeeded: format)
            bytes += (0..<4).map { UInt8(truncatingIfNeeded: number >> UInt32(24 - 8 * $0)) }
        case .own(let head):
            bytes.append(1)
            bytes += SHA256.hash(head).array
        }
        return SHA256.hash(bytes)
    }

    /// The digest of the data set, from its extents and its header.
    static func dataSetDigest(extents: [Extent], header: [UInt8], headerIsDerived: Bool) -> SHA256Digest {
        var bytes = Array("dicomfs data set 1\0".utf8)
        for extent in extents {
            switch extent {
            case .header(let length): bytes += [0] + UInt64(length).bigEndianBytes
            case .chunk(let chunk): bytes += [1] + UInt64(chunk.length).bigEndianBytes + chunk.digest.array
            }
        }
        if !headerIsDerived { bytes += [2] + SHA256.hash(header).array }
        return SHA256.hash(bytes)
    }
}
