import DICOM
import TestSupport

/// How many patients, studies, series and instances there are, and what each instance is made of.
///
/// The same shape gives the same bytes.
struct CorpusShape: Sendable {
    var seed: UInt64
    var patients: Int
    var studies: Int
    var series: Int
    var instances: Int
    /// Bytes of pixel data of each instance: even; 0 for none.
    var size: Int

    /// Instances in all; nil when that is no number.
    var count: Int? {
        var count = patients
        for more in [studies, series, instances] {
            let (product, isTooMuch) = count.multipliedReportingOverflow(by: more)
            if isTooMuch { return nil }
            count = product
        }
        return count
    }

    /// The instance at a place in the order of patients, their studies, series and instances.
    func instance(_ place: Int) -> CorpusInstance {
        let ofSeries = place / instances
        let ofStudy = ofSeries / series
        return CorpusInstance(
            shape: self, place: place, patient: ofStudy / studies + 1, study: ofStudy % studies + 1,
            series: ofSeries % series + 1, number: place % instances + 1)
    }

    /// The rows and columns of an image: as square as the size allows.
    var imageSize: (rows: Int, columns: Int) {
        let pixels = size / 2
        var rows = Int(Double(pixels).squareRoot())
        while rows > 1, pixels % rows != 0 { rows -= 1 }
        return (rows, pixels / max(1, rows))
    }
}

/// One instance of a corpus: where it belongs, each counted from 1.
struct CorpusInstance {
    /// Under which this package makes UIDs that mean nothing.
    private static let root = "1.2.826.0.1.3680043.10.1462.8"
    static let sopClassUID = "1.2.840.10008.5.1.4.1.1.2"

    let shape: CorpusShape
    let place: Int
    let patient: Int
    let study: Int
    let series: Int
    let number: Int

    var patientID: String { "C\(shape.seed)-\(patient)" }
    private var studyUID: String { "\(Self.root).\(shape.seed).\(patient).\(study)" }
    private var seriesUID: String { "\(studyUID).\(series)" }
    var sopInstanceUID: String { "\(seriesUID).\(number)" }

    /// Where its file belongs among those of the corpus.
    var folder: String { "\(patientID)/study\(study)/series\(series)" }
    var fileName: String { String(repeating: "0", count: max(0, 6 - "\(number)".count)) + "\(number).dcm" }

    /// Its data set: an axial CT image, in explicit VR little endian.
    var dataSet: [UInt8] {
        var set = DataSetBuilder()
        set.bytes.reserveCapacity(shape.size + 2048)
        set.text(.specificCharacterSet, .cs, "ISO_IR 192")
        set.text(.imageType, .cs, "ORIGINAL\\PRIMARY\\AXIAL")
        set.text(.sopClassUID, .ui, Self.sopClassUID)
        set.text(.sopInstanceUID, .ui, sopInstanceUID)
        set.text(.studyDate, .da, "20\(10 + patient % 15)0\(1 + study % 9)\(10 + patient % 18)")
        set.text(.studyTime, .tm, "101500")
        set.text(.accessionNumber, .sh, "A\(patient).\(study)")
        set.text(.modality, .cs, "CT")
        set.text(.manufacturer, .lo, "dicomfs")
        set.text(.referringPhysicianName, .pn, "")
        set.text(.studyDescription, .lo, "Head \(study)")
        set.text(.seriesDescription, .lo, "Axial \(series) mm")
        set.text(.patientName, .pn, "Corpus^\(patient)")
        set.text(.patientID, .lo, patientID)
        set.text(.patientBirthDate, .da, "")
        set.text(.patientSex, .cs, "O")
        set.text(Tag(0x0018, 0x0050), .ds, "\(series)")
        set.text(.studyInstanceUID, .ui, studyUID)
        set.text(.seriesInstanceUID, .ui, seriesUID)
        set.text(.studyID, .sh, "\(study)")
        set.text(.seriesNumber, .is, "\(series)")
        set.text(.instanceNumber, .is, "\(number)")
        set.text(.imagePositionPatient, .ds, "0\\0\\\(number * series)")
        set.text(.imageOrientationPatient, .ds, "1\\0\\0\\0\\1\\0")
        set.text(.frameOfReferenceUID, .ui, studyUID + ".0")
        guard shape.size > 0 else { return set.bytes }
        let (rows, columns) = shape.imageSize
        set.us(.samplesPerPixel, 1)
        set.text(.photometricInterpretation, .cs, "MONOCHROME2")
        set.us(.rows, UInt16(rows))
        set.us(.columns, UInt16(columns))
        set.text(.pixelSpacing, .ds, "0.7\\0.7")
        set.us(.bitsAllocated, 16)
        set.us(.bitsStored, 16)
        set.us(.highBit, 15)
        set.us(.pixelRepresentation, 0)
        set.text(.windowCenter, .ds, "32768")
        set.text(.windowWidth, .ds, "65536")
        set.start(.pixelData, .ow, UInt32(shape.size))
        Noise(seed: shape.seed, stream: UInt64(place)).append(shape.size, to: &set.bytes)
        return set.bytes
    }
}

/// Random bytes, fast and the same each time: Sebastiano Vigna's SplitMix64.
struct Noise {
    private var state: UInt64

    /// The bytes of one stream of a seed.
    init(seed: UInt64, stream: UInt64) {
        state = seed
        state = next() ^ stream
        state = next()
    }

    private mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var word = state
        word = (word ^ word >> 30) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ word >> 27) &* 0x94D0_49BB_1331_11EB
        return word ^ word >> 31
    }

    /// Appends so many bytes.
    func append(_ count: Int, to bytes: inout [UInt8]) {
        var source = self
        let start = bytes.count
        bytes.append(contentsOf: repeatElement(0, count: count))
        bytes.withUnsafeMutableBytes { bytes in
            var place = start
            let end = start + count
            while place < end {
                let word = source.next()
                withUnsafeBytes(of: word) { word in
                    let part = min(8, end - place)
                    UnsafeMutableRawBufferPointer(rebasing: bytes[place..<place + part]).copyMemory(
                        from: UnsafeRawBufferPointer(rebasing: word[..<part]))
                }
                place += 8
            }
        }
    }
}
