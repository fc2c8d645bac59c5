import ContentStore
import DICOM
import TestSupport
import Testing

@testable import DICOMArchive

/// What the views are made of.
@Suite struct ViewTests {
    @Test func `a Study Date is a day of the calendar in one of two spellings`() {
        for text in ["20240229", "2024.02.29", "00010101", "99991231", "20000229"] {
            let date = StudyDate(text)
            #expect(date != nil, "\(text)")
            #expect(StudyDate.Spelling.allCases.contains { date?.text($0) == text })
        }
        for text in [
            "", "2024", "202402", "20230229", "19000229", "20240431", "20241301", "20240001", "20240100", "00000101",
            "2024.0229", "202402.29", "2024-02-29", "20240229 ", "202402290", "+2240229", "２０２４０２２９",
            "20240131\\20240201",
            "20240131-", "2024.02.290",
        ] {
            #expect(StudyDate(text) == nil, "\(text)")
        }
    }

    @Test func `the day after a text is the first that is written later`() {
        func after(_ text: String, _ spelling: StudyDate.Spelling = .plain) -> String? {
            StudyDate(writtenAfter: text, spelling)?.text(spelling)
        }
        #expect(after("") == "00010101")
        #expect(after("2024") == "20240101")
        #expect(after("20240131x") == "20240201")
        #expect(after("20240228") == "20240229")
        #expect(after("20230228") == "20230301")
        #expect(after("20230230") == "20230301")
        #expect(after("20241399") == "20250101")
        #expect(after("99991231") == nil)
        #expect(after("x") == nil)
        #expect(after("2024.01.31\\", .dotted) == "2024.02.01")
        #expect(after("20240131", .dotted) == "2025.01.01")
    }

    @Test func `days are found among values that are none`() throws {
        let test = try ArchiveUnderTest()
        var changes: [RowChange] = []
        let dates = ["20240131", "2024.02.01", "20251231", "19000101"]
        let others = [
            "2024", "20240131x", "20240132", "2024.01", "19000100", "x", "0", "202402", "2024.02.0", "\u{FF}",
        ]
        for (number, value) in (dates + others).enumerated() {
            changes.append(RowChange(.index, IndexKey.lookUp(.studyDate, value, NodeID(.study, UInt64(number))), []))
        }
        // Of another kind of look-up, which come before and after.
        changes.append(RowChange(.index, IndexKey.lookUp(.accessionNumber, "20240101", NodeID(.study, 1)), []))
        try test.engine.commit([Commit(partition: [], changes: changes)])
        var found: [String] = []
        var next = StudyDate(year: 1, month: 1, day: 1)
        while let from = next, let date = try test.archive.firstStudyDate(from: from) {
            found.append(date.text(.plain))
            next = StudyDate(writtenAfter: date.text(.plain), .plain)
        }
        #expect(found == ["19000101", "20240131", "20240201", "20251231"])
    }

    @Test func `a UID that another study had first stays shared, and a plain one is told from one that is none`() throws
    {
        let test = try ArchiveUnderTest()
        for patient in ["A", "B", "C"] { try test.store(Sample(patient: patient).bytes) }
        func name(_ patient: String) throws -> String? {
            guard let node = try test.archive.node(of: .study(patient, "1.2.3"), .study) else { return nil }
            return try test.archive.viewNames(node)?.uid
        }
        #expect(try name("A") == "1.2.3")
        #expect(try name("B") == "1.2.3_\(OrthancIdentifier.study("B", "1.2.3").hex40)")
        _ = try test.archive.delete(test.archive.resource(named: OrthancIdentifier.study("A", "1.2.3").hex40))
        #expect(try name("C") == "1.2.3_\(OrthancIdentifier.study("C", "1.2.3").hex40)")
        try test.store(Sample(patient: "D").bytes)
        #expect(try name("D") == "1.2.3")
        #expect(try test.problems() == [])
        let id = OrthancIdentifier.patient("x")
        for uid in ["1.2.3", "0", "1..2"] { #expect(ViewNames.name(uid, id) == uid) }
        for uid in ["", ".", "..", ".1", "1.", "1.a", "1 2"] {
            #expect(ViewNames.name(uid, id).hasSuffix("_\(id.hex40)"))
        }
    }
}
