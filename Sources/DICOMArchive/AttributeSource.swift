import DICOM

/// Where a query finds an attribute of the resources of a level.
enum AttributeSource: Hashable {
    /// The node row of the resource, or of one above: main tags.
    case row(Level)
    /// The recipe of the instance.
    case recipe
    /// What is counted or collected of a resource of this level, the one asked for or one above.
    case members(Level)
    /// The header of the instance, or of the first instance of the resource.
    case header
    /// Nowhere: it is of a level below, where it can differ.
    case nowhere

    init(_ tag: Tag, at level: Level) {
        if let source = Self.main[tag] {
            self = source <= level ? .row(source) : .nowhere
        } else if Self.ofRecipe.contains(tag) {
            self = level == .instance ? .recipe : .nowhere
        } else if let source = Self.members[tag] {
            self = source <= level ? .members(source) : .nowhere
        } else {
            self = .header
        }
    }

    private static let main: [Tag: Level] = Level.allCases.reduce(into: [:]) { main, level in
        for tag in MainTags.of(level) { main[tag] = level }
    }

    private static let ofRecipe: Set<Tag> = [.sopClassUID, .sopInstanceUID, .availableTransferSyntaxUID]

    private static let members: [Tag: Level] = [
        .numberOfPatientRelatedStudies: .patient, .numberOfPatientRelatedSeries: .patient,
        .numberOfPatientRelatedInstances: .patient, .modalitiesInStudy: .study, .sopClassesInStudy: .study,
        .numberOfStudyRelatedSeries: .study, .numberOfStudyRelatedInstances: .study,
        .numberOfSeriesRelatedInstances: .series,
    ]
}
