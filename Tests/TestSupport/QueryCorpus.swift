package import DICOM

/// The instances that ``QueryCase`` asks for: what differs is what is given.
///
/// Any archive can hold them: a DCMTK or Orthanc server as well as ours.
package struct QueryInstance: Sendable {
    package var patientID: String
    package var patientName: [UInt8]
    package var characterSet = ""
    package var birthDate = ""
    package var sex = "O"
    package var study: String
    package var studyDate = ""
    package var studyTime = ""
    package var accession = ""
    package var studyDescription: [UInt8] = []
    package var series: String
    package var modality: String
    package var seriesNumber = "1"
    package var instance: String
    package var number = 1
    package var frames: Int?
    package var rows: UInt16 = 8
    package var thickness = ""
    /// Code Value of Request Attributes Sequence's Scheduled Procedure Step ID, of one item each.
    package var steps: [String] = []
    package var privateText: String?
    package var encoding = DataSetEncoding.explicitLittleEndian

    package static let ct = "1.2.840.10008.5.1.4.1.1.2"
    package static let mr = "1.2.840.10008.5.1.4.1.1.4"
    package static let sc = "1.2.840.10008.5.1.4.1.1.7"
    package static let requestAttributesSequence = Tag(0x0040, 0x0275)
    package static let scheduledProcedureStepID = Tag(0x0040, 0x0009)
    package static let scheduledProcedureStepDescription = Tag(0x0040, 0x0007)

    package init(
        patientID: String, patientName: [UInt8], study: String, series: String, modality: String, instance: String
    ) {
        (self.patientID, self.patientName) = (patientID, patientName)
        (self.study, self.series, self.instance) = (study, series, instance)
        self.modality = modality
    }

    package var sopClassUID: String { modality == "CT" ? Self.ct : modality == "MR" ? Self.mr : Self.sc }
    package var syntax: String { encoding.isExplicit ? "1.2.840.10008.1.2.1" : "1.2.840.10008.1.2" }

    /// The data set.
    package var dataSet: [UInt8] {
        var set = DataSetBuilder(encoding)
        func padded(_ bytes: [UInt8]) -> [UInt8] { bytes.count % 2 == 0 ? bytes : bytes + [0x20] }
        if !characterSet.isEmpty { set.text(.specificCharacterSet, .cs, characterSet) }
        set.text(.imageType, .cs, "ORIGINAL\\PRIMARY")
        set.text(.sopClassUID, .ui, sopClassUID)
        set.text(.sopInstanceUID, .ui, instance)
        set.text(.studyDate, .da, studyDate)
        set.text(.studyTime, .tm, studyTime)
        set.text(.accessionNumber, .sh, accession)
        set.text(.modality, .cs, modality)
        set.element(.studyDescription, .lo, padded(studyDescription))
        set.element(.patientName, .pn, padded(patientName))
        set.text(.patientID, .lo, patientID)
        set.text(.patientBirthDate, .da, birthDate)
        set.text(.patientSex, .cs, sex)
        set.text(Tag(0x0018, 0x0050), .ds, thickness)
        if let privateText {
            set.text(Tag(0x0019, 0x0010), .lo, "DICOMFS TEST")
            set.text(Tag(0x0019, 0x1001), .lo, privateText)
        }
        set.text(.studyInstanceUID, .ui, study)
        set.text(.seriesInstanceUID, .ui, series)
        set.text(.seriesNumber, .is, seriesNumber)
        set.text(.instanceNumber, .is, "\(number)")
        set.us(.samplesPerPixel, 1)
        set.text(.photometricInterpretation, .cs, "MONOCHROME2")
        if let frames { set.text(.numberOfFrames, .is, "\(frames)") }
        set.us(.rows, rows)
        set.us(.columns, 8)
        set.us(.bitsAllocated, 8)
        set.us(.bitsStored, 8)
        set.us(.highBit, 7)
        set.us(.pixelRepresentation, 0)
        if !steps.isEmpty {
            set.start(Self.requestAttributesSequence, .sq, DataSetBuilder.undefined)
            for step in steps {
                set.item()
                set.text(Self.scheduledProcedureStepDescription, .lo, "Step \(step)")
                set.text(Self.scheduledProcedureStepID, .sh, step)
                set.endItem()
            }
            set.endSequence()
        }
        set.element(.pixelData, .ow, [UInt8](repeating: UInt8(number), count: Int(rows) * 8 * (frames ?? 1)))
        return set.bytes
    }
}

/// All instances of the query table: 9 patients, 13 studies, 17 series, 40 instances.
package enum QueryCorpus {
    private static func ascii(_ text: String) -> [UInt8] { Array(text.utf8) }
    private static let yamada: [UInt8] =
        ascii("Yamada^Tarou=") + [0x1B] + ascii("$B;3ED") + [0x1B] + ascii("(B^") + [0x1B] + ascii("$BB@O:") + [0x1B]
        + ascii("(B=") + [0x1B] + ascii("$B$d$^$@") + [0x1B] + ascii("(B^") + [0x1B] + ascii("$B$?$m$&") + [0x1B]
        + ascii("(B")
    private static let hong: [UInt8] =
        ascii("Hong^Gildong=") + [0x1B] + ascii("$)C") + [0xFB, 0xF3] + ascii("^") + [0x1B] + ascii("$)C")
        + [0xD1, 0xCE, 0xD4, 0xD7] + ascii("=") + [0x1B] + ascii("$)C") + [0xC8, 0xAB] + ascii("^") + [0x1B]
        + ascii("$)C")
        + [0xB1, 0xE6, 0xB5, 0xBF]

    package static let instances: [QueryInstance] = {
        var all: [QueryInstance] = []
        func add(
            _ patient: String, _ name: [UInt8], _ set: String, _ study: String, _ series: String, _ modality: String,
            count: Int = 1, _ change: (inout QueryInstance) -> Void = { _ in }
        ) {
            for number in 1...count {
                var one = QueryInstance(
                    patientID: patient, patientName: name, study: "2.25.\(study)", series: "2.25.\(study).\(series)",
                    modality: modality, instance: "2.25.\(study).\(series).\(number)")
                one.characterSet = set
                one.seriesNumber = series
                one.number = number
                change(&one)
                all.append(one)
            }
        }
        // Plain names; one ID is the beginning of another.
        add("P1", ascii("Smith^John^Q"), "", "101", "1", "CT", count: 6) {
            $0.studyDate = "20240115"; $0.studyTime = "101500"; $0.accession = "ACC100"; $0.birthDate = "19700101";
            $0.sex = "M"
            $0.studyDescription = ascii("Head CT"); $0.thickness = "1.50"
            $0.steps = ["S1", "S2"]
        }
        add("P1", ascii("Smith^John^Q"), "", "101", "2", "MR", count: 3) {
            $0.studyDate = "20240115"; $0.studyTime = "101500"; $0.accession = "ACC100"; $0.birthDate = "19700101";
            $0.sex = "M"
            $0.studyDescription = ascii("Head CT"); $0.thickness = "5"
        }
        add("P1", ascii("Smith^John^Q"), "", "102", "1", "CT", count: 4) {
            $0.studyDate = "20240220"; $0.studyTime = "2345"; $0.accession = "ACC200"; $0.birthDate = "19700101";
            $0.sex = "M"
            $0.studyDescription = ascii("Chest CT"); $0.steps = ["S3"]; $0.privateText = "secret"
        }
        add("P12", ascii("Smithers^Waylon"), "", "103", "1", "OT", count: 1) {
            $0.studyDate = "2024.01.20"; $0.studyTime = "08:30:00"; $0.accession = "ACC101"; $0.frames = 12;
            $0.sex = "M"
            $0.studyDescription = ascii("Head photo"); $0.birthDate = "19700102"
        }
        add("P12", ascii("Smithers^Waylon"), "", "104", "1", "OT", count: 1) {
            $0.studyDate = "unknown"; $0.accession = "acc100"; $0.sex = "M"; $0.birthDate = "19700102"; $0.rows = 16
        }
        // Latin-1.
        add(
            "LATIN", ascii("M") + [0xFC] + ascii("ller^J") + [0xF6] + ascii("rg"), "ISO_IR 100", "105", "1", "CT",
            count: 3
        ) {
            $0.studyDate = "20231231"; $0.studyTime = "235959"; $0.accession = "L1"; $0.sex = "M"
            $0.studyDescription = ascii("Sch") + [0xE4] + ascii("del")
        }
        add(
            "LATIN", ascii("M") + [0xFC] + ascii("ller^J") + [0xF6] + ascii("rg"), "ISO_IR 100", "106", "1", "MR",
            count: 2
        ) {
            $0.studyDate = "20240101"; $0.studyTime = "000000"; $0.accession = "L2"; $0.sex = "M";
            $0.encoding = .implicitLittleEndian
            $0.thickness = "1.5"; $0.steps = ["S9"]
        }
        // Japanese, Korean, Greek, UTF-8.
        add("JP1", yamada, "\\ISO 2022 IR 87", "107", "1", "CT", count: 4) {
            $0.studyDate = "20240301"; $0.studyTime = "120000.5"; $0.accession = "J1"; $0.sex = "M"
        }
        add("KR1", hong, "\\ISO 2022 IR 149", "108", "1", "MR", count: 3) {
            $0.studyDate = "20240302"; $0.studyTime = "1200"; $0.accession = "K1"; $0.sex = "M"
        }
        add("GR1", [0xC4, 0xE9, 0xEF, 0xED, 0xFD, 0xF3, 0xE9, 0xEF, 0xF2], "ISO_IR 126", "109", "1", "CT", count: 2) {
            $0.studyDate = "20240303"; $0.studyTime = "12"; $0.accession = "G1"
        }
        add("UTF", Array("Wang^XiaoDong=王^小東".utf8), "ISO_IR 192", "110", "1", "CT", count: 2) {
            $0.studyDate = "20250101"; $0.studyTime = "060000"; $0.accession = "U1"; $0.sex = "F"
            $0.studyDescription = Array("Łódź 頭部".utf8)
        }
        add("UTF", Array("Wang^XiaoDong=王^小東".utf8), "ISO_IR 192", "110", "2", "MR", count: 1) {
            $0.studyDate = "20250101"; $0.studyTime = "060000"; $0.accession = "U1"; $0.sex = "F"
            $0.studyDescription = Array("Łódź 頭部".utf8)
        }
        // Nothing but what identifies.
        add("", [], "", "111", "1", "OT", count: 1)
        add("W*1", ascii("Star^*"), "", "112", "1", "OT", count: 2) {
            $0.studyDate = "20250615"; $0.accession = "A*1"
        }
        add("W*1", ascii("Star^*"), "", "113", "1", "OT", count: 1) {
            $0.studyDate = "20250616"; $0.accession = "A"
        }
        add("W*1", ascii("Star^*"), "", "113", "2", "OT", count: 1) {
            $0.studyDate = "20250616"; $0.accession = "A"
        }
        add("SPACE ", ascii("Space"), "", "114", "1", "OT", count: 2) {
            $0.studyDate = "20250617"; $0.accession = " A2"
        }
        add("SPACE ", ascii("Space"), "", "114", "2", "CT", count: 1) {
            $0.studyDate = "20250617"; $0.accession = " A2"
        }
        return all
    }()
}
