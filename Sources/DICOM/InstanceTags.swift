/// The tags that describe an instance in listings and queries, as text: decoded, without spaces at the ends; nil when absent or empty.
///
/// Several values stay joined by `\`; numbers and dates stay as they are written.
package struct InstanceTags: Hashable, Sendable {
    package var sopClassUID: String?
    package var sopInstanceUID: String?
    package var instanceNumber: String?
    package var acquisitionNumber: String?
    package var numberOfFrames: String?
    package var contentDate: String?
    package var contentTime: String?
    package var acquisitionDate: String?
    package var acquisitionTime: String?
    package var imageType: String?
    package var imagePositionPatient: String?
    package var imageOrientationPatient: String?
    package var imageComments: String?
    package var instanceCreationDate: String?
    package var instanceCreationTime: String?

    /// The tags a data set's header holds.
    package init(_ header: DataSetHeader) {
        sopClassUID = header.text(.sopClassUID)
        sopInstanceUID = header.text(.sopInstanceUID)
        instanceNumber = header.text(.instanceNumber)
        acquisitionNumber = header.text(.acquisitionNumber)
        numberOfFrames = header.text(.numberOfFrames)
        contentDate = header.text(.contentDate)
        contentTime = header.text(.contentTime)
        acquisitionDate = header.text(.acquisitionDate)
        acquisitionTime = header.text(.acquisitionTime)
        imageType = header.text(.imageType)
        imagePositionPatient = header.text(.imagePositionPatient)
        imageOrientationPatient = header.text(.imageOrientationPatient)
        imageComments = header.text(.imageComments)
        instanceCreationDate = header.text(.instanceCreationDate)
        instanceCreationTime = header.text(.instanceCreationTime)
    }
}
