import DICOM

extension QueryCase {
    private static func key(_ tag: Tag, _ vr: VR, _ value: String) -> Key {
        Key(tag: tag, vr: vr, value: Array(value.utf8))
    }
    private static func id(_ value: String) -> Key { key(.patientID, .lo, value) }
    private static func named(_ value: String) -> Key { key(.patientName, .pn, value) }
    private static func date(_ value: String) -> Key { key(.studyDate, .da, value) }
    private static func time(_ value: String) -> Key { key(.studyTime, .tm, value) }
    private static func accession(_ value: String) -> Key { key(.accessionNumber, .sh, value) }
    private static func modality(_ value: String) -> Key { key(.modality, .cs, value) }
    private static func modalities(_ value: String) -> Key { key(.modalitiesInStudy, .cs, value) }
    private static func study(_ value: String) -> Key { key(.studyInstanceUID, .ui, value) }
    private static func series(_ value: String) -> Key { key(.seriesInstanceUID, .ui, value) }
    private static func instance(_ value: String) -> Key { key(.sopInstanceUID, .ui, value) }
    private static func step(_ value: String) -> Key {
        Key(
            tag: QueryInstance.requestAttributesSequence, vr: .sq,
            item: [key(QueryInstance.scheduledProcedureStepID, .sh, value)])
    }

    private static func ask(
        _ name: String, _ level: String, _ keys: [Key], _ expected: Set<String>,
        _ change: (inout QueryCase) -> Void = { _ in }
    ) -> QueryCase {
        let root = "2.25."
        let whole = level == "PATIENT" ? expected : Set(expected.map { root + $0 })
        var one = QueryCase(name: name, level: level, keys: keys, expected: whole)
        change(&one)
        return one
    }

    private static func extended(_ one: inout QueryCase) { one.isExtended = true }
    private static func utf8(_ one: inout QueryCase) { one.characterSet = "ISO_IR 192" }

    private static let allPatients: Set<String> = [
        "P1", "P12", "LATIN", "JP1", "KR1", "GR1", "UTF", "", "W*1", "SPACE",
    ]
    private static let allStudies = Set((101...114).map { "\($0)" })

    /// All queries.
    package static let table: [QueryCase] = patients + studies + dates + seriesAndImages + beyond

    private static let patients: [QueryCase] = [
        ask("all patients", "PATIENT", [], allPatients),
        ask("a patient by ID", "PATIENT", [id("P1")], ["P1"]),
        ask("an ID in another case is another", "PATIENT", [id("p1")], []),
        ask("no such ID", "PATIENT", [id("P")], []),
        ask("patients by the beginning of the ID", "PATIENT", [id("P1*")], ["P1", "P12"]),
        ask("patients by a character of the ID", "PATIENT", [id("P1?")], ["P12"]),
        ask("patients by the end of the ID", "PATIENT", [id("*1")], ["P1", "JP1", "KR1", "GR1", "W*1"]),
        ask("an ID with a star in it is one that the pattern is like", "PATIENT", [id("W*1")], ["W*1"]),
        ask("an ID with a space behind it", "PATIENT", [id("SPACE")], ["SPACE"], extended),
        ask("several IDs", "PATIENT", [id("P1\\KR1\\nobody")], ["P1", "KR1"], extended),
        ask("a star is universal", "PATIENT", [id("*")], allPatients),
        ask("a name", "PATIENT", [named("Smith^John^Q")], ["P1"]),
        ask("a name in capitals", "PATIENT", [named("SMITH^JOHN^Q")], ["P1"], extended),
        ask("the family name alone is another name", "PATIENT", [named("Smith")], []),
        ask("names by their beginning", "PATIENT", [named("Smith*")], ["P1", "P12"]),
        ask("names by their beginning in lower case", "PATIENT", [named("smith*")], ["P1", "P12"], extended),
        ask("names by what is in them", "PATIENT", [named("*OHN*")], ["P1"], extended),
        ask("a name by one character", "PATIENT", [named("Sm?th^John^Q")], ["P1"]),
        ask("family and given name", "PATIENT", [named("Smith^J*")], ["P1"]),
        ask("a family name and anything", "PATIENT", [named("Space^*")], ["SPACE"], extended),
        ask("a name without accents", "PATIENT", [named("Muller^Jorg")], ["LATIN"], extended),
        ask("a name in Latin-1", "PATIENT", [Key(tag: .patientName, vr: .pn, value: [0x4D, 0xFC, 0x2A])], ["LATIN"]) {
            $0.characterSet = "ISO_IR 100"
        },
        ask("a Latin name asked for in UTF-8", "PATIENT", [named("MÜLLER*")], ["LATIN"]) {
            utf8(&$0); extended(&$0)
        },
        ask("the alphabetic group of a Japanese name", "PATIENT", [named("yamada^tarou")], ["JP1"], extended),
        ask("an ideographic group in UTF-8", "PATIENT", [named("山田^太郎")], ["JP1"]) {
            utf8(&$0); extended(&$0)
        },
        ask("a phonetic group in its place", "PATIENT", [named("==やま*")], ["JP1"]) {
            utf8(&$0); extended(&$0)
        },
        ask("a group in another place", "PATIENT", [named("=やま*")], []) {
            utf8(&$0); extended(&$0)
        },
        ask(
            "an ideographic group in ISO 2022 IR 87", "PATIENT",
            [Key(tag: .patientName, vr: .pn, value: [0x3D, 0x1B] + Array("$B;3ED".utf8) + [0x1B] + Array("(B*".utf8))],
            ["JP1"]
        ) {
            $0.characterSet = "\\ISO 2022 IR 87"
            extended(&$0)
        },
        ask("a Korean name", "PATIENT", [named("*길동")], ["KR1"]) {
            utf8(&$0); extended(&$0)
        },
        ask("a Greek name in capitals", "PATIENT", [named("ΔΙΟΝΥΣΙΟΣ")], ["GR1"]) {
            utf8(&$0); extended(&$0)
        },
        ask("a Chinese name", "PATIENT", [named("Wang*=王^*")], ["UTF"]) {
            utf8(&$0); extended(&$0)
        },
        ask("a birth date", "PATIENT", [key(.patientBirthDate, .da, "19700101")], ["P1"]),
        ask("birth dates in a range", "PATIENT", [key(.patientBirthDate, .da, "19691231-19700102")], ["P1", "P12"]),
        ask("a sex", "PATIENT", [key(.patientSex, .cs, "F")], ["UTF"]),
        ask("ID and name", "PATIENT", [id("P1"), named("Smithers*")], []),
    ]

    private static let studies: [QueryCase] = [
        ask("all studies", "STUDY", [], allStudies) { $0.isStudyRoot = true },
        ask("a study by UID", "STUDY", [study("2.25.102")], ["102"]) { $0.isStudyRoot = true },
        ask("studies by UID", "STUDY", [study("2.25.102\\2.25.107\\2.25.999\\2.25.102")], ["102", "107"]) {
            $0.isStudyRoot = true
        },
        ask("a UID that is the beginning of another", "STUDY", [study("2.25.10")], []) { $0.isStudyRoot = true },
        ask("studies of a patient", "STUDY", [id("P1")], ["101", "102"]) { $0.isStudyRoot = true },
        ask("studies of a name", "STUDY", [named("Smith*")], ["101", "102", "103", "104"]) { $0.isStudyRoot = true },
        ask("a study by accession number", "STUDY", [accession("ACC100")], ["101"]) { $0.isStudyRoot = true },
        ask("an accession number in another case", "STUDY", [accession("acc100")], ["104"]) { $0.isStudyRoot = true },
        ask("studies by the beginning of the accession number", "STUDY", [accession("ACC10*")], ["101", "103"]) {
            $0.isStudyRoot = true
        },
        ask(
            "studies by the end of the accession number", "STUDY", [accession("*1")],
            ["103", "105", "107", "108", "109", "110", "112"]),
        ask("several accession numbers", "STUDY", [accession("A\\L1\\A*1")], ["103", "105", "112", "113"], extended),
        ask("an accession number with a space before it", "STUDY", [accession("A2")], ["114"], extended),
        ask("accession number and patient", "STUDY", [accession("ACC100"), id("P12")], []),
        ask("accession number and name", "STUDY", [accession("ACC*"), named("*waylon")], ["103"], extended),
        ask("a description", "STUDY", [key(.studyDescription, .lo, "Head CT")], ["101"]),
        ask("descriptions by wildcards", "STUDY", [key(.studyDescription, .lo, "*CT*")], ["101", "102"]),
        ask("a description has a case", "STUDY", [key(.studyDescription, .lo, "*ct*")], []),
        ask("a Latin description", "STUDY", [key(.studyDescription, .lo, "Schä?el")], ["105"], utf8),
        ask("a Polish and Japanese description", "STUDY", [key(.studyDescription, .lo, "Łódź*頭*")], ["110"], utf8),
        ask("a modality in the study", "STUDY", [modalities("MR")], ["101", "106", "108", "110"]) {
            $0.isStudyRoot = true
        },
        ask("modalities in the study", "STUDY", [modalities("MR\\OT"), id("P1*")], ["101", "103", "104"], extended),
        ask("modalities by wildcard", "STUDY", [modalities("C?"), named("Sm*")], ["101", "102"], extended),
        ask(
            "a SOP class in the study", "STUDY", [key(.sopClassesInStudy, .ui, QueryInstance.mr)],
            ["101", "106", "108", "110"], extended),
        ask("the number of instances", "STUDY", [key(.numberOfStudyRelatedInstances, .is, "9")], ["101"], extended),
        ask(
            "the number of series", "STUDY", [key(.numberOfStudyRelatedSeries, .is, "2")],
            ["101", "110", "113", "114"], extended),
        ask("a key of a level below matches anything", "STUDY", [id("P1"), modality("PT")], ["101", "102"], extended),
        ask(
            "name and description", "STUDY", [named("smith*"), key(.studyDescription, .lo, "Head*")], ["101", "103"],
            extended),
        ask("ID and date", "STUDY", [id("P1"), date("20240201-")], ["102"]),
    ]

    private static let dates: [QueryCase] = [
        ask("a day", "STUDY", [date("20240115")], ["101"]) { $0.isStudyRoot = true },
        ask("a day asked for with dots", "STUDY", [date("2024.01.15")], ["101"], extended),
        ask("a day stored with dots", "STUDY", [date("20240120")], ["103"], extended),
        ask("days in a range", "STUDY", [date("20240101-20240229")], ["101", "102", "103", "106"], extended),
        ask("days over the end of a year", "STUDY", [date("20231231-20240115")], ["101", "105", "106"]),
        ask("days from one on", "STUDY", [date("20250101-")], ["110", "112", "113", "114"]),
        ask("days up to one", "STUDY", [date("-20240119")], ["101", "105", "106"]),
        ask(
            "days up to one that a dotted one is before", "STUDY", [date("-20240120")], ["101", "103", "105", "106"],
            extended),
        ask("what is no day", "STUDY", [date("unknown")], ["104"], extended),
        ask("a range that ends before it begins", "STUDY", [date("20240229-20240101")], []),
        ask("several days", "STUDY", [date("20240115\\20240303")], ["101", "109"], extended),
        ask("a time", "STUDY", [time("101500")], ["101"]),
        ask("an hour", "STUDY", [time("10")], ["101"], extended),
        ask("times in a range", "STUDY", [time("0800-1015")], ["101", "103"], extended),
        ask("times up to one", "STUDY", [time("-0600"), date("2024-")], [], extended),
        ask("times from one on", "STUDY", [time("2345-")], ["102", "105"], extended),
        ask(
            "date and time are two ranges", "STUDY", [date("20231231-20240115"), time("1000-1100")], ["101"], extended),
        ask(
            "date and time are one range when negotiated", "STUDY", [date("20231231-20240115"), time("1000-1100")],
            ["101", "105", "106"]
        ) {
            $0.isDateTimeCombined = true
            extended(&$0)
        },
        ask("a combined range up to a time", "STUDY", [date("-20240101"), time("-000000")], ["105", "106"]) {
            $0.isDateTimeCombined = true
            extended(&$0)
        },
    ]

    private static let seriesAndImages: [QueryCase] = [
        ask("series of a study", "SERIES", [study("2.25.101")], ["101.1", "101.2"]),
        ask("series by modality in a study", "SERIES", [study("2.25.101"), modality("MR")], ["101.2"]),
        ask("series by UID", "SERIES", [series("2.25.101.2\\2.25.110.1")], ["101.2", "110.1"], extended),
        ask("series of a patient", "SERIES", [id("UTF")], ["110.1", "110.2"], extended),
        ask("series by modality alone", "SERIES", [modality("MR")], ["101.2", "106.1", "108.1", "110.2"], extended),
        ask("series by number", "SERIES", [study("2.25.101"), key(.seriesNumber, .is, "02")], ["101.2"], extended),
        ask("series by an item of their requests", "SERIES", [step("S2")], ["101.1"], extended),
        ask("series by a wildcard in an item", "SERIES", [step("S?")], ["101.1", "102.1", "106.1"], extended),
        ask("an item that is asked for and not there", "SERIES", [study("2.25.101"), step("S3")], [], extended),
        ask("a universal item", "SERIES", [study("2.25.101"), step("")], ["101.1", "101.2"]),
        ask(
            "both keys in one item", "SERIES",
            [
                Key(
                    tag: QueryInstance.requestAttributesSequence, vr: .sq,
                    item: [
                        key(QueryInstance.scheduledProcedureStepID, .sh, "S1"),
                        key(QueryInstance.scheduledProcedureStepDescription, .lo, "Step S2"),
                    ])
            ], [], extended),
        ask(
            "the number of instances of a series", "SERIES",
            [key(.numberOfSeriesRelatedInstances, .is, "3"), id("P1")], ["101.2"], extended),
        ask("series of a study of a name", "SERIES", [named("*xiao*"), modality("CT")], ["110.1"], extended),
        ask(
            "images of a series", "IMAGE", [study("2.25.101"), series("2.25.101.2")], ["101.2.1", "101.2.2", "101.2.3"]),
        ask("an image by UID", "IMAGE", [instance("2.25.101.1.4")], ["101.1.4"], extended),
        ask(
            "images by UID in a series", "IMAGE",
            [
                study("2.25.101"), series("2.25.101.1"), instance("2.25.101.1.4\\2.25.101.1.5\\2.25.101.2.1"),
            ], ["101.1.4", "101.1.5"]),
        ask("an image of another patient", "IMAGE", [id("P12"), instance("2.25.101.1.4")], [], extended),
        ask(
            "images by number", "IMAGE", [study("2.25.101"), series("2.25.101.1"), key(.instanceNumber, .is, "3")],
            ["101.1.3"]),
        ask(
            "images by SOP class", "IMAGE", [id("P1"), key(.sopClassUID, .ui, QueryInstance.mr)],
            ["101.2.1", "101.2.2", "101.2.3"], extended),
        ask("an image by its frames", "IMAGE", [key(.numberOfFrames, .is, "12")], ["103.1.1"], extended),
        ask("an image by its rows", "IMAGE", [Key(tag: .rows, vr: .us, value: [16, 0])], ["104.1.1"], extended),
        ask(
            "images of a date and modality", "IMAGE", [date("20240303"), modality("CT")], ["109.1.1", "109.1.2"],
            extended),
    ]

    private static let beyond: [QueryCase] = [
        ask(
            "images by what only the header has", "IMAGE", [key(Tag(0x0018, 0x0050), .ds, "1.5"), id("LATIN")],
            ["106.1.1", "106.1.2"], extended),
        ask(
            "series by a number that is written otherwise", "SERIES", [key(Tag(0x0018, 0x0050), .ds, "1.5")],
            ["101.1", "106.1"], extended),
        ask(
            "studies by the header of their first instance", "STUDY",
            [key(Tag(0x0028, 0x0004), .cs, "MONO*"), id("P1*")],
            ["101", "102", "103", "104"], extended),
        ask("a private element", "STUDY", [key(Tag(0x0019, 0x1001), .lo, "sec*")], ["102"], extended),
        ask("a private element that few have", "PATIENT", [key(Tag(0x0019, 0x1001), .lo, "none")], [], extended),
        ask(
            "a number in binary of the header", "IMAGE", [Key(tag: .bitsStored, vr: .us, value: [8, 0]), id("KR1")],
            ["108.1.1", "108.1.2", "108.1.3"], extended),
        ask("a universal key of the header", "STUDY", [key(Tag(0x0019, 0x1001), .lo, ""), id("P1")], ["101", "102"]),
        ask(
            "patients by how many studies they have", "PATIENT", [key(.numberOfPatientRelatedStudies, .is, "2")],
            ["P1", "P12", "LATIN", "W*1"], extended),
        ask(
            "patients by how many instances they have", "PATIENT", [key(.numberOfPatientRelatedInstances, .is, "13")],
            ["P1"], extended),
        ask("the study without a patient", "STUDY", [study("2.25.111")], ["111"]),
    ]
}
