import ContentStore
import DICOM
import TestSupport
import Testing

@testable import DICOMArchive

@Suite struct BudgetTests {
    /// Storage design: recipe + rows <= 1 KiB per instance.
    @Test func `an ordinary CT instance has at most 1 KiB of recipe and index rows`() throws {
        let test = try ArchiveUnderTest()
        let count = 100
        for number in 0..<count {
            var set = DataSetBuilder()
            set.text(.specificCharacterSet, .cs, "ISO_IR 100")
            set.text(.imageType, .cs, "ORIGINAL\\PRIMARY\\AXIAL")
            set.text(.sopClassUID, .ui, "1.2.840.10008.5.1.4.1.1.2")
            set.text(.sopInstanceUID, .ui, "1.3.12.2.1107.5.1.4.54693.3000000605181004531400000\(1000 + number)")
            set.text(.studyDate, .da, "20060518")
            set.text(.contentDate, .da, "20060518")
            set.text(.contentTime, .tm, "101530.812000")
            set.text(.accessionNumber, .sh, "8472691")
            set.text(.modality, .cs, "CT")
            set.text(.manufacturer, .lo, "SIEMENS")
            set.text(.institutionName, .lo, "University Hospital")
            set.text(.studyDescription, .lo, "CT Thorax with contrast")
            set.text(.seriesDescription, .lo, "Thorax 5.0 B30f")
            set.text(.patientName, .pn, "Mustermann^Erika")
            set.text(.patientID, .lo, "4711-0815")
            set.text(.patientBirthDate, .da, "19641120")
            set.text(.protocolName, .lo, "ThoraxRoutine")
            set.text(.studyInstanceUID, .ui, "1.3.12.2.1107.5.1.4.54693.30000006051809453140000000001")
            set.text(.seriesInstanceUID, .ui, "1.3.12.2.1107.5.1.4.54693.30000006051810045314000000002")
            set.text(.seriesNumber, .is, "2")
            set.text(.acquisitionNumber, .is, "2")
            set.text(.instanceNumber, .is, "\(number)")
            set.text(.imagePositionPatient, .ds, "-168.6718750\\-325.6718750\\-\(300 + number).5000000")
            set.text(.imageOrientationPatient, .ds, "1.0\\0.0\\0.0\\0.0\\1.0\\0.0")
            set.us(.samplesPerPixel, 1)
            set.text(.photometricInterpretation, .cs, "MONOCHROME2")
            set.us(.rows, 512)
            set.us(.columns, 512)
            set.us(.bitsAllocated, 16)
            set.us(.bitsStored, 12)
            set.us(.highBit, 11)
            set.us(.pixelRepresentation, 0)
            set.element(.pixelData, .ow, [UInt8](repeating: UInt8(number), count: 512 * 512 * 2))
            try test.store(set.bytes)
        }
        let rows = try test.rows().filter { !$0.key.hasPrefix("header") }
        let bytes = rows.reduce(0) { $0 + $1.value.count + ($1.key.split(separator: " ").last?.count ?? 0) / 2 }
        #expect(bytes / count <= 1024, "\(bytes / count) bytes an instance")
        #expect(bytes / count > 500, "\(bytes / count): less than can be, so something was not counted")
    }
}
