/// The tags that describe a study in listings and queries, as text: decoded, without spaces at the ends; nil when absent or empty.
///
/// Several values stay joined by `\`; numbers and dates stay as they are written.
package struct StudyTags: Hashable, Sendable {
    package var studyInstanceUID: String?
    package var studyDate: String?
    package var studyTime: String?
    package var studyID: String?
    package var studyDescription: String?
    package var accessionNumber: String?
    package var referringPhysicianName: String?
    package var institutionName: String?
    package var requestedProcedureDescription: String?

    /// The tags a data set's header holds.
    package init(_ header: DataSetHeader) {
        studyInstanceUID = header.text(.studyInstanceUID)
        studyDate = header.text(.studyDate)
        studyTime = header.text(.studyTime)
        studyID = header.text(.studyID)
        studyDescription = header.text(.studyDescription)
        accessionNumber = header.text(.accessionNumber)
        referringPhysicianName = header.text(.referringPhysicianName)
        institutionName = header.text(.institutionName)
        requestedProcedureDescription = header.text(.requestedProcedureDescription)
    }
}
