/// The tags that describe a patient in listings and queries, as text: decoded, without spaces at the ends; nil when absent or empty.
///
/// Several values stay joined by `\`; numbers and dates stay as they are written.
package struct PatientTags: Hashable, Sendable {
    package var patientID: String?
    package var patientName: String?
    package var patientBirthDate: String?
    package var patientSex: String?

    /// The tags a data set's header holds.
    package init(_ header: DataSetHeader) {
        patientID = header.text(.patientID)
        patientName = header.text(.patientName)
        patientBirthDate = header.text(.patientBirthDate)
        patientSex = header.text(.patientSex)
    }
}
