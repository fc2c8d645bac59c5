import DICOM

/// The elements that are kept with each resource, decoded, for names, listings and queries.
enum MainTags {
    /// The tags of a level, those that name it first.
    static func of(_ level: Level) -> [Tag] {
        switch level {
        case .patient: [.patientID, .patientName, .patientBirthDate, .patientSex]
        case .study:
            [
                .studyInstanceUID, .studyDate, .studyTime, .studyID, .studyDescription, .accessionNumber,
                .referringPhysicianName, .institutionName,
            ]
        case .series:
            [
                .seriesInstanceUID, .modality, .seriesNumber, .seriesDescription, .seriesDate, .seriesTime,
                .manufacturer, .manufacturerModelName, .stationName, .bodyPartExamined, .protocolName, .laterality,
                .frameOfReferenceUID,
            ]
        case .instance:
            [
                .instanceNumber, .acquisitionNumber, .numberOfFrames, .contentDate, .contentTime, .imageType,
                .imagePositionPatient, .imageOrientationPatient, .rows, .columns,
            ]
        }
    }
}

extension DataSetHeader {
    /// The main elements of each level that are present. Those that identify are as the identity has them.
    func mainAttributes(of identity: Recipe.Identity) -> [Level: [Attribute]] {
        let fixed: [Tag: String] = [
            .patientID: identity.patientID, .studyInstanceUID: identity.studyInstanceUID,
            .seriesInstanceUID: identity.seriesInstanceUID,
        ]
        var attributes: [Level: [Attribute]] = [:]
        for level in Level.allCases {
            attributes[level] = MainTags.of(level).compactMap { tag in
                guard let value = fixed[tag] ?? mainText(tag), !value.isEmpty else { return nil }
                return Attribute(tag: tag, value: value)
            }
        }
        return attributes
    }

    private func mainText(_ tag: Tag) -> String? {
        switch tag {
        case .rows, .columns: integer(tag).map { String($0) }
        default: text(tag)
        }
    }
}

extension Attribute {
    /// The keyword of its tag (PS3.6 section 6), else the tag.
    package var keyword: String { DataDictionary.keyword(of: tag) ?? "\(tag)" }
}

extension Recipe.Identity {
    /// What a header says the instance is.
    ///
    /// - Throws: `DICOMError` when a UID is missing or unusable.
    init(_ header: DataSetHeader) throws {
        let identity = try InstanceIdentity(header)
        patientID = identity.patientID
        studyInstanceUID = identity.studyInstanceUID
        seriesInstanceUID = identity.seriesInstanceUID
        sopInstanceUID = identity.sopInstanceUID
        sopClassUID = header.text(.sopClassUID) ?? ""
    }
}
