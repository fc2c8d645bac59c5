package import DICOM

/// What is to be sent to somebody: the instances of the resources of a level that its unique keys name (PS3.4 sections C.4.2.1.4
/// and C.4.3.1.3).
package struct Retrieval: Sendable {
    /// The level of the resources.
    package var level: Level
    /// Values of the unique keys, of its level and those above: Patient ID, Study and Series Instance UID, SOP Instance UID. Each
    /// that is there restricts.
    package var uniqueKeys: [Level: [String]]

    package init(_ level: Level, _ uniqueKeys: [Level: [String]]) {
        self.level = level
        self.uniqueKeys = uniqueKeys
    }

    /// The instances as a query.
    var query: Query {
        Query(
            .instance,
            uniqueKeys.sorted { $0.key < $1.key }.map { level, values in
                QueryKey(level.uniqueKey, AttributeMatch(exactly: values))
            })
    }
}

extension Level {
    /// The attribute that tells its resources apart (PS3.4 section C.6).
    package var uniqueKey: Tag {
        switch self {
        case .patient: .patientID
        case .study: .studyInstanceUID
        case .series: .seriesInstanceUID
        case .instance: .sopInstanceUID
        }
    }
}

/// An instance that is to be sent: of its versions the first.
package struct RetrievedInstance: Hashable, Sendable {
    /// Its `.dcm` file.
    package var node: NodeID
    /// Its series.
    package var series: NodeID
    /// Instance Number (0020,0013); the least where there is none.
    package var number: Int
    package var sopClassUID: String
    package var sopInstanceUID: String
    /// The one it is stored in.
    package var transferSyntaxUID: String
}

extension RetrievedInstance: Comparable {
    /// A series after the other, each in the order of its images: that is also about the order in which they came, and in which
    /// their bytes are on the disk.
    package static func < (a: RetrievedInstance, b: RetrievedInstance) -> Bool {
        (a.series.rawValue, a.number, a.sopInstanceUID) < (b.series.rawValue, b.number, b.sopInstanceUID)
    }
}

extension Archive {
    /// Calls `body` with the instances that a retrieval names, each once, until it returns false. As ``find(_:while:_:)``.
    ///
    /// Nothing when a retrieval has no value for the key of its own level: it must not be everything.
    package func instances(
        of retrieval: Retrieval, while goesOn: () -> Bool = { true }, _ body: (RetrievedInstance) throws -> Bool
    ) throws {
        guard retrieval.uniqueKeys[retrieval.level]?.contains(where: { !$0.isEmpty }) == true else { return }
        try find(retrieval.query, while: goesOn) { match in
            guard let recipe = try match.recipe() else { return true }
            return try body(
                RetrievedInstance(
                    node: match.node, series: match.row.parent,
                    number: match.texts(.instanceNumber).first.flatMap { Int($0) } ?? .min,
                    sopClassUID: recipe.identity.sopClassUID,
                    sopInstanceUID: recipe.identity.sopInstanceUID, transferSyntaxUID: recipe.transferSyntaxUID))
        }
    }
}
