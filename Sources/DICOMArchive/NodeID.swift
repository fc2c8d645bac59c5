import ContentStore

/// The inode number of a file or directory of the tree: 6 bits kind, 57 bits payload, bit 63 clear.
///
/// The bytes behind a node id never change. The Format article lists kinds and payloads.
package struct NodeID: RawRepresentable, Hashable, Comparable, Sendable {
    package let rawValue: UInt64

    package init(rawValue: UInt64) { self.rawValue = rawValue }

    /// What a node is.
    package enum Kind: UInt64, Sendable {
        case fixed = 0
        case patient = 1
        case study = 2
        case series = 3
        case frames = 4
        case dicom = 5
        case png = 6
        case json = 7
        case frame = 8
        case document = 9
        case byStudyStudy = 16
        case byStudySeries = 17
        case byStudyFrames = 18
        case byDateStudy = 19
        case byDateSeries = 20
        case byDateFrames = 21
        case byUIDStudy = 22
        case byUIDSeries = 23
        case byUIDFrames = 24
        case byIDFrames = 25
        case datePart = 26
        case idPart = 27
    }

    /// Bits of the payload.
    package static let payloadBits: UInt64 = 57
    /// Low bits of a payload that are free to tell resources with the same leading 40 bits apart.
    package static let freeBits: UInt64 = 17

    /// No path is longer.
    static let mostAncestors = 16

    /// The root of the tree: FUSE_ROOT_ID.
    package static let root = NodeID(rawValue: 1)

    /// A node of a kind; only the low 57 bits of the payload count.
    package init(_ kind: Kind, _ payload: UInt64) {
        rawValue = kind.rawValue << Self.payloadBits | payload & (1 << Self.payloadBits - 1)
    }

    /// The image of one frame, numbered from 1, of the version with this ordinal.
    package static func frame(ordinal: UInt64, number: Int) -> NodeID {
        NodeID(.frame, ordinal << 24 | UInt64(number) & 0xFF_FFFF)
    }

    /// What the node is; nil when no archive of this format has such nodes.
    package var kind: Kind? { Kind(rawValue: rawValue >> Self.payloadBits) }

    /// What tells it from others of its kind.
    package var payload: UInt64 { rawValue & (1 << Self.payloadBits - 1) }

    /// The payload's leading 40 bits: those of the identifier.
    package var prefix: UInt64 { payload >> Self.freeBits }

    /// The node of another kind for the same version.
    package func of(_ kind: Kind) -> NodeID { NodeID(kind, payload) }

    /// Ordinal and number of a ``Kind/frame``.
    package var frame: (ordinal: UInt64, number: Int) { (payload >> 24, Int(payload & 0xFF_FFFF)) }

    package static func < (left: NodeID, right: NodeID) -> Bool { left.rawValue < right.rawValue }

    /// Eight big endian bytes, as in keys.
    var key: [UInt8] { rawValue.bigEndianBytes }
}

extension Level {
    /// The kind of the node that stands for a resource of this level: a directory, or the `.dcm` file.
    package var nodeKind: NodeID.Kind {
        switch self {
        case .patient: .patient
        case .study: .study
        case .series: .series
        case .instance: .dicom
        }
    }
}
