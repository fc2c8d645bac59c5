import DICOM

/// A way to the instances of the archive: the tree itself, or one of those beneath `.views`.
///
/// Files have the same node in all of them. Directories have one for each: the kernel moves a directory that it meets at a
/// second place. A directory of a view has the payload of the one of the tree whose members it shows.
package enum View: CaseIterable, Sendable {
    /// Patient, study, series.
    case tree
    /// `.views/by-study`
    case study
    /// `.views/by-date`
    case date
    /// `.views/by-uid`
    case uid
    /// `.views/by-id`: no studies and series.
    case id
}

extension NodeID {
    /// `.views`
    package static let views = NodeID(rawValue: 2)
    /// `.views/by-study`
    package static let byStudy = NodeID(rawValue: 3)
    /// `.views/by-date`
    package static let byDate = NodeID(rawValue: 4)
    /// `.views/by-uid`
    package static let byUID = NodeID(rawValue: 5)
    /// `.views/by-id`
    package static let byID = NodeID(rawValue: 6)
    /// `.views/by-date/unknown`
    package static let unknownDate = NodeID(rawValue: 7)

    /// The view that a directory is in; the tree for all that is there too.
    package var view: View {
        switch kind {
        case .byStudyStudy, .byStudySeries, .byStudyFrames: .study
        case .byDateStudy, .byDateSeries, .byDateFrames, .datePart: .date
        case .byUIDStudy, .byUIDSeries, .byUIDFrames: .uid
        case .byIDFrames, .idPart: .id
        case .fixed:
            switch self {
            case .byStudy: .study
            case .byDate, .unknownDate: .date
            case .byUID: .uid
            case .byID: .id
            default: .tree
            }
        default: .tree
        }
    }

    /// Whether only views have it.
    package var isOfViews: Bool { view != .tree || self == .views }

    /// The directory of the tree whose members it shows; itself when there is none.
    package var original: NodeID {
        switch kind {
        case .byStudyStudy, .byDateStudy, .byUIDStudy: of(.study)
        case .byStudySeries, .byDateSeries, .byUIDSeries: of(.series)
        case .byStudyFrames, .byDateFrames, .byUIDFrames, .byIDFrames: of(.frames)
        default: self
        }
    }

    /// A study, series or `.frames` directory of the tree as a view has it; of all else itself.
    package func seen(in view: View) -> NodeID {
        switch (kind, view) {
        case (.study, .study): of(.byStudyStudy)
        case (.study, .date): of(.byDateStudy)
        case (.study, .uid): of(.byUIDStudy)
        case (.series, .study): of(.byStudySeries)
        case (.series, .date): of(.byDateSeries)
        case (.series, .uid): of(.byUIDSeries)
        case (.frames, .study): of(.byStudyFrames)
        case (.frames, .date): of(.byDateFrames)
        case (.frames, .uid): of(.byUIDFrames)
        case (.frames, .id): of(.byIDFrames)
        default: self
        }
    }
}

/// What the views call a resource, where that is not the name in its directory entry.
package struct ViewNames: Hashable, Sendable {
    /// The identifier, 40 digits: an instance's name in by-id, without extension.
    package var id: String
    /// Its name in by-uid; of an instance, without extension.
    package var uid: String
    /// Of a study: the day it is in by-date; nil for `unknown`.
    package var date: StudyDate?

    /// - Parameter sopInstanceUID: of an instance, from its recipe.
    init(_ row: NodeRow, sopInstanceUID: String = "") {
        let id = row.id
        self.id = id.hex40
        func value(_ tag: Tag) -> String { row.attributes.first { $0.tag == tag }?.value ?? "" }
        switch row.level {
        case .patient: uid = ""
        case .study:
            uid = Self.name(value(.studyInstanceUID), id, isShared: row.sharesUID)
            date = StudyDate(value(.studyDate))
        case .series: uid = Self.name(value(.seriesInstanceUID), id)
        case .instance: uid = Self.name(sopInstanceUID, id)
        }
    }

    /// A UID as a name: as it is, unless another study has it or it is no UID (PS3.5 section 9). Then, made safe, with the
    /// whole identifier behind it, so that no two are equal.
    static func name(_ uid: String, _ id: OrthancIdentifier, isShared: Bool = false) -> String {
        let isPlain =
            uid.utf8.allSatisfy { ($0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9")) || $0 == UInt8(ascii: ".") }
            && !uid.isEmpty && uid.first != "." && uid.last != "."
        if isPlain, !isShared { return uid }
        return SafeName.join([SafeName.part(uid) ?? "NoUID"], suffix: id.hex40)
    }
}
