package import ContentStore
package import DICOM
package import Hashing
import Imaging

/// The immutable record of one stored version: how head, header and chunks make the file, byte for byte.
///
/// The fields and their numbers are in the Format article.
package struct Recipe: Sendable {
    /// The number of the rules that tell bulk from header.
    package static let currentLayout = 2

    /// No file is longer: 4 EiB.
    static let longest = 1 << 62

    package var layout = Recipe.currentLayout
    package var identity = Identity()
    package var transferSyntaxUID = ""
    package var head = Head.newest
    package var extents: [Extent] = []
    package var dataSetDigest = SHA256Digest()
    /// Nanoseconds since 1970-01-01 UTC.
    package var receivedAt: UInt64 = 0
    package var sender = Sender()
    package var version = 1
    package var nodePayload: UInt64 = 0
    /// 0 unless the version has several frames with images.
    package var frameOrdinal: UInt64 = 0
    package var scan = ScannedDataSet(
        encoding: .explicitLittleEndian, bulkElements: [], headerLength: 0, totalLength: 0, isDeflated: false)
    package var pixels: Pixels?
    package var document: Document?

    /// What identifies the instance: decoded and stripped values.
    package struct Identity: Hashable, Sendable {
        package var patientID = ""
        package var studyInstanceUID = ""
        package var seriesInstanceUID = ""
        package var sopInstanceUID = ""
        package var sopClassUID = ""
    }

    /// What stands before the data set.
    package enum Head: Hashable, Sendable {
        /// Made anew for each reader, by the rules with this number.
        case generated(format: Int)
        /// Made by the newest rules.
        package static let newest = Head.generated(format: Part10Head.currentFormat)

        /// The file's own bytes; none for a bare data set.
        case own([UInt8])
    }

    /// A part of the data set, in file order.
    package enum Extent: Hashable, Sendable {
        /// So many bytes of the header, from where the last header range ended.
        case header(length: Int)
        /// A chunk.
        case chunk(ChunkWriter.Reference)

        /// Bytes.
        var length: Int {
            switch self {
            case .header(let length): length
            case .chunk(let reference): reference.length
            }
        }
    }

    /// The shape of the image, as the header gives it.
    package struct Pixels: Hashable, Sendable {
        package var rows = 0
        package var columns = 0
        package var samplesPerPixel = 0
        package var bitsAllocated = 0
        package var numberOfFrames = 1
        package var photometricInterpretation = ""
        /// Bytes of one frame's PNG; 0 when this release makes none of it.
        package var pngSize: UInt64 = 0
        /// Bytes of one frame's PNG of stored values; 0 when there is none.
        package var rawSize: UInt64 {
            guard pngSize > 0, samplesPerPixel == 1, (1...16).contains(bitsAllocated) else { return 0 }
            return UInt64(PNGShape(width: columns, height: rows, channels: 1, bits: 16)?.fileSize ?? 0)
        }
    }

    /// A file that lies within the instance as it is: a document or a video.
    package struct Document: Hashable, Sendable {
        package var kind: DocumentKind
        /// Bytes.
        package var size: UInt64
    }

    /// Bytes of the data set.
    package var dataSetLength: Int { extents.reduce(0) { $0 + $1.length } }

    /// The chunks named, in file order.
    package var chunks: [SHA256Digest] {
        extents.compactMap { if case .chunk(let reference) = $0 { reference.digest } else { nil } }
    }

    /// The bytes of the head.
    package var headBytes: [UInt8] {
        switch head {
        case .own(let bytes): bytes
        case .generated(let format):
            Part10Head.generated(
                format: format, sopClassUID: identity.sopClassUID, sopInstanceUID: identity.sopInstanceUID,
                transferSyntaxUID: transferSyntaxUID) ?? []
        }
    }

    /// The identifiers of what it belongs to.
    package var reference: VersionReference {
        VersionReference(
            study: .study(identity.patientID, identity.studyInstanceUID),
            series: .series(identity.patientID, identity.studyInstanceUID, identity.seriesInstanceUID),
            instance: .instance(
                identity.patientID, identity.studyInstanceUID, identity.seriesInstanceUID, identity.sopInstanceUID),
            version: version)
    }
}

/// Who brought an instance.
package struct Sender: Hashable, Sendable {
    /// By which way.
    package enum Kind: Int, Sendable {
        case unknown = 0
        case store = 1
        case importing = 2
    }

    package var kind = Kind.unknown
    /// Of a C-STORE: the calling AE title.
    package var callingAETitle = ""
    /// Of a C-STORE: the peer's address.
    package var host = ""

    package init(kind: Kind = .unknown, callingAETitle: String = "", host: String = "") {
        self.kind = kind
        self.callingAETitle = callingAETitle
        self.host = host
    }
}

/// The name of one stored version: the key of its recipe and header rows.
package struct VersionReference: Hashable, Sendable {
    package var study: OrthancIdentifier
    package var series: OrthancIdentifier
    package var instance: OrthancIdentifier
    package var version: Int

    /// The key of its rows; the version can be replaced by another's.
    func key(version: Int? = nil) -> [UInt8] {
        let number = UInt32(truncatingIfNeeded: version ?? self.version)
        return study.array + series.array + instance.array
            + (0..<4).map { UInt8(truncatingIfNeeded: number >> UInt32(24 - 8 * $0)) }
    }
}
