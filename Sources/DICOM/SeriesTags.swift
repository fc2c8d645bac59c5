/// The tags that describe a series in listings and queries, as text: decoded, without spaces at the ends; nil when absent or empty.
///
/// Several values stay joined by `\`; numbers and dates stay as they are written.
package struct SeriesTags: Hashable, Sendable {
    package var seriesInstanceUID: String?
    package var modality: String?
    package var seriesNumber: String?
    package var seriesDescription: String?
    package var seriesDate: String?
    package var seriesTime: String?
    package var manufacturer: String?
    package var manufacturerModelName: String?
    package var stationName: String?
    package var bodyPartExamined: String?
    package var protocolName: String?
    package var sequenceName: String?
    package var operatorsName: String?
    package var performedProcedureStepDescription: String?
    package var frameOfReferenceUID: String?
    package var laterality: String?

    /// The tags a data set's header holds.
    package init(_ header: DataSetHeader) {
        seriesInstanceUID = header.text(.seriesInstanceUID)
        modality = header.text(.modality)
        seriesNumber = header.text(.seriesNumber)
        seriesDescription = header.text(.seriesDescription)
        seriesDate = header.text(.seriesDate)
        seriesTime = header.text(.seriesTime)
        manufacturer = header.text(.manufacturer)
        manufacturerModelName = header.text(.manufacturerModelName)
        stationName = header.text(.stationName)
        bodyPartExamined = header.text(.bodyPartExamined)
        protocolName = header.text(.protocolName)
        sequenceName = header.text(.sequenceName)
        operatorsName = header.text(.operatorsName)
        performedProcedureStepDescription = header.text(.performedProcedureStepDescription)
        frameOfReferenceUID = header.text(.frameOfReferenceUID)
        laterality = header.text(.laterality)
    }
}
