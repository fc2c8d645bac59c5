import ArchiveSCP
import ContentStore
import DICOM
import TestSupport
import Testing

@testable import DICOMArchive

@Suite struct QueryTests {
    /// One archive of the whole corpus, for tests that change nothing in it.
    private static let corpus = Result { try CorpusArchive() }

    final class CorpusArchive: @unchecked Sendable {
        let under: ArchiveUnderTest

        init() throws {
            under = try ArchiveUnderTest(.eachFlush)
            for instance in QueryCorpus.instances { try under.store(instance.dataSet, syntax: instance.syntax) }
        }

        /// The answers to a request, as a peer reads them.
        func answers(
            _ one: QueryCase, _ encoding: DataSetEncoding = .explicitLittleEndian
        ) throws -> [DataSetHeader] {
            let syntax = encoding.isExplicit ? TransferSyntax.explicitVRLittleEndian : .implicitVRLittleEndian
            let identifier = try FindIdentifier(
                bytes: one.identifier(encoding), transferSyntaxUID: syntax.uid,
                root: one.isStudyRoot ? .study : .patient,
                isDateTimeCombined: one.isDateTimeCombined)
            var answers: [DataSetHeader] = []
            try under.archive.find(identifier.query) { match in
                answers.append(
                    try header(
                        identifier.answer(match, encodedAs: syntax.uid, retrieveAETitle: "ARCHIVE"), syntax))
                return true
            }
            return answers
        }

        func ask(_ level: String, _ keys: [QueryCase.Key], _ set: String = "") throws -> [DataSetHeader] {
            var one = QueryCase(name: "", level: level, keys: keys, expected: [])
            one.characterSet = set
            return try answers(one)
        }
    }

    private static func key(_ tag: Tag, _ vr: VR, _ value: String = "") -> QueryCase.Key {
        QueryCase.Key(tag: tag, vr: vr, value: Array(value.utf8))
    }

    @Test(arguments: QueryCase.table)
    func `a query finds what it asks for, each once`(one: QueryCase) throws {
        for encoding in [DataSetEncoding.explicitLittleEndian, .implicitLittleEndian] {
            // Without its VR a private key is none that anyone knows.
            let answers = try Self.corpus.get().answers(one, encoding)
            let found = answers.map { $0.text(one.uniqueKey) ?? "" }
            #expect(found.sorted() == one.expected.sorted())
        }
    }

    @Test func `the table is as long as it should be, with names of its own`() {
        #expect(QueryCase.table.count > 100)
        #expect(Set(QueryCase.table.map(\.name)).count == QueryCase.table.count)
        #expect(QueryCorpus.instances.count == 40)
    }

    @Test func `an answer has what was asked for, the level and who has it`() throws {
        let answer = try #require(
            try Self.corpus.get().ask(
                "STUDY",
                [
                    Self.key(.studyInstanceUID, .ui, "2.25.101"), Self.key(.patientName, .pn), Self.key(.modality, .cs),
                    Self.key(.modalitiesInStudy, .cs), Self.key(.sopClassesInStudy, .ui),
                    Self.key(.numberOfStudyRelatedInstances, .is), Self.key(.numberOfStudyRelatedSeries, .is),
                    Self.key(.numberOfPatientRelatedStudies, .is), Self.key(.instanceAvailability, .cs),
                    Self.key(Tag(0x0018, 0x0050), .ds), Self.key(.photometricInterpretation, .cs),
                    Self.key(.pixelData, .ow), Self.key(.bitsStored, .us), Self.key(Tag(0x0008, 0x0000), .ul),
                ]
            ).first)
        #expect(
            answer.tags == [
                .queryRetrieveLevel, .retrieveAETitle, .instanceAvailability, .modality, .modalitiesInStudy,
                .sopClassesInStudy, .patientName, Tag(0x0018, 0x0050), .studyInstanceUID,
                .numberOfPatientRelatedStudies,
                .numberOfStudyRelatedSeries, .numberOfStudyRelatedInstances, .photometricInterpretation, .bitsStored,
                .pixelData,
            ])
        #expect(answer.text(.queryRetrieveLevel) == "STUDY")
        #expect(answer.text(.retrieveAETitle) == "ARCHIVE")
        #expect(answer.text(.instanceAvailability) == "ONLINE")
        #expect(answer.text(.patientName) == "Smith^John^Q")
        #expect(answer.text(.modality) == nil)
        #expect(answer.texts(.modalitiesInStudy) == ["CT", "MR"])
        #expect(answer.texts(.sopClassesInStudy) == [QueryInstance.ct, QueryInstance.mr])
        #expect(answer.integer(.numberOfStudyRelatedInstances) == 9)
        #expect(answer.integer(.numberOfStudyRelatedSeries) == 2)
        #expect(answer.integer(.numberOfPatientRelatedStudies) == 2)
        #expect(answer.text(.photometricInterpretation) == "MONOCHROME2")
        #expect(answer.integer(.bitsStored) == 8)
        #expect(answer.contains(.pixelData))
        #expect(answer.bytes(.pixelData) == nil)
    }

    @Test func `an image's answer has its frames, rows and items`() throws {
        let corpus = try Self.corpus.get()
        let photo = try #require(
            try corpus.ask(
                "IMAGE",
                [
                    Self.key(.sopInstanceUID, .ui, "2.25.103.1.1"), Self.key(.numberOfFrames, .is),
                    Self.key(.availableTransferSyntaxUID, .ui),
                    Self.key(.rows, .us),
                    Self.key(.sopClassUID, .ui),
                ]
            ).first)
        #expect(photo.integer(.numberOfFrames) == 12)
        #expect(photo.text(.availableTransferSyntaxUID) == "1.2.840.10008.1.2.1")
        #expect(photo.integer(.rows) == 8)
        #expect(photo.text(.sopClassUID) == QueryInstance.sc)
        // The nested keys that were asked for, or all.
        for (item, tags) in [
            (
                [Self.key(QueryInstance.scheduledProcedureStepID, .sh), Self.key(.studyID, .sh)],
                [Tag.studyID, QueryInstance.scheduledProcedureStepID]
            ),
            ([], [QueryInstance.scheduledProcedureStepDescription, QueryInstance.scheduledProcedureStepID]),
        ] {
            let answer = try #require(
                try corpus.ask(
                    "IMAGE",
                    [
                        Self.key(.sopInstanceUID, .ui, "2.25.101.1.1"),
                        QueryCase.Key(tag: QueryInstance.requestAttributesSequence, vr: .sq, item: item),
                    ]
                ).first)
            let items = answer.items(QueryInstance.requestAttributesSequence)
            #expect(items.map(\.tags) == [tags, tags])
            #expect(items.map { $0.text(QueryInstance.scheduledProcedureStepID) } == ["S1", "S2"])
        }
        let none = try #require(
            try corpus.ask(
                "SERIES",
                [
                    Self.key(.seriesInstanceUID, .ui, "2.25.101.2"),
                    QueryCase.Key(tag: QueryInstance.requestAttributesSequence, vr: .sq, item: []),
                ]
            ).first)
        #expect(none.contains(QueryInstance.requestAttributesSequence))
        #expect(none.items(QueryInstance.requestAttributesSequence).isEmpty)
    }

    @Test func `answers are in the request's character set when it can hold them, else in UTF-8`() throws {
        let corpus = try Self.corpus.get()
        for (patient, asked, answered) in [
            ("P1", "", nil), ("P1", "ISO_IR 100", "ISO_IR 100"), ("LATIN", "ISO_IR 100", "ISO_IR 100"),
            ("LATIN", "", "ISO_IR 192"), ("LATIN", "ISO_IR 126", "ISO_IR 192"),
            ("JP1", "\\ISO 2022 IR 87", "\\ISO 2022 IR 87"),
            ("JP1", "ISO_IR 100", "ISO_IR 192"), ("KR1", "\\ISO 2022 IR 149", "\\ISO 2022 IR 149"),
            ("GR1", "ISO_IR 126", "ISO_IR 126"), ("UTF", "GB18030", "GB18030"), ("UTF", "ISO_IR 192", "ISO_IR 192"),
        ] {
            let name = try corpus.ask(
                "PATIENT", [Self.key(.patientID, .lo, patient), Self.key(.patientName, .pn)], "ISO_IR 192"
            )
            .first?.text(.patientName)
            let answer = try #require(
                try corpus.ask("PATIENT", [Self.key(.patientID, .lo, patient), Self.key(.patientName, .pn)], asked)
                    .first)
            #expect(answer.text(.specificCharacterSet) == answered, "\(patient) \(asked)")
            #expect(answer.text(.patientName) == name, "\(patient) \(asked)")
        }
    }

    @Test func `a query ends when it is told to`() throws {
        let archive = try Self.corpus.get().under.archive
        var found = 0
        try archive.find(Query(.instance)) { _ in
            found += 1
            return found < 3
        }
        #expect(found == 3)
        try archive.find(Query(.instance), while: { false }) { _ in
            found += 1
            return true
        }
        #expect(found == 3)
        #expect(throws: CancellationError.self) { try archive.find(Query(.study)) { _ in throw CancellationError() } }
    }

    @Test func `what is deleted while a query runs is left out, and nothing comes twice`() throws {
        let under = try ArchiveUnderTest(.eachFlush)
        // All in one page of rows.
        for number in 1...40 { try under.store(Sample(instance: "1.4.\(number)").bytes) }
        var seen: [String] = []
        try under.archive.find(Query(.instance, [QueryKey(.patientName, AttributeMatch(.pn, ["doe*"]))])) { match in
            #expect(under.engine.openCursors == 0)
            // What is gone would have none.
            seen.append(try match.texts(.sopInstanceUID).first ?? "")
            guard seen.count == 1 else { return true }
            for number in 1...20 where "1.4.\(number)" != seen[0] {
                let id = OrthancIdentifier.instance("P1", "1.2.3", "1.2.3.4", "1.4.\(number)")
                _ = try under.archive.delete(try under.archive.resource(named: id.hex40))
            }
            return true
        }
        #expect(Set(seen).count == seen.count)
        #expect(!seen.contains(""))
        #expect((20...21).contains(seen.count))
    }

    @Test func `an indexed key reads few rows, however many there are`() throws {
        let under = try ArchiveUnderTest(.eachFlush)
        for study in 0..<300 {
            var instance = QueryInstance(
                patientID: "ID\(study)", patientName: Array("Doe^Jane\(study)".utf8), study: "1.2.\(study)",
                series: "1.3.\(study)", modality: "CT", instance: "1.4.\(study)")
            instance.accession = "ACC\(study)"
            let (month, day) = (10 + study % 3, 10 + study % 20)
            instance.studyDate =
                study % 2 == 0 ? "2024\(month)\(day)" : study % 4 == 1 ? "2023\(month)\(day)" : "2023.\(month).\(day)"
            try under.store(instance.dataSet)
        }
        func rows(_ level: Level, _ keys: [QueryKey]) throws -> (read: Int, found: Int) {
            under.engine.watch()
            var found = 0
            try under.archive.find(Query(level, keys)) { match in
                _ = try match.texts(.patientName)
                found += 1
                return true
            }
            return (under.engine.rowsRead, found)
        }
        func key(_ tag: Tag, _ vr: VR, _ values: String...) -> QueryKey { QueryKey(tag, AttributeMatch(vr, values)) }
        for (level, key, expected) in [
            (Level.patient, key(.patientID, .lo, "ID7"), 1), (.study, key(.patientID, .lo, "ID7"), 1),
            (.study, key(.patientID, .lo, "ID29*"), 11), (.instance, key(.patientID, .lo, "ID7", "ID8"), 2),
            (.study, key(.accessionNumber, .sh, "ACC7"), 1), (.series, key(.accessionNumber, .sh, "ACC29*"), 11),
            (.study, key(.studyInstanceUID, .ui, "1.2.7", "1.2.8"), 2),
            (.patient, key(.studyInstanceUID, .ui, "1.2.7"), 300),
            (.instance, key(.seriesInstanceUID, .ui, "1.3.7"), 1), (.instance, key(.sopInstanceUID, .ui, "1.4.7"), 1),
            (.study, key(.studyDate, .da, "20241010"), 5), (.study, key(.studyDate, .da, "20231211"), 5),
            (.study, key(.studyDate, .da, "20231213"), 5), (.study, key(.studyDate, .da, "20240101"), 0),
            (.study, key(.studyDate, .da, "20231231-20240105"), 0),
            (.series, key(.studyDate, .da, "20241010-20241012"), 10),
        ] {
            let (read, found) = try rows(level, [key])
            #expect(found == expected, "\(level) \(key)")
            if expected < 300 { #expect(read <= 8 * expected + 10, "\(level) \(key): \(read) rows") }
        }
        // Beside one that filters nothing away, an indexed key still decides.
        #expect(try rows(.study, [key(.patientName, .pn, "*7*"), key(.accessionNumber, .sh, "ACC7")]).read < 15)
        // No index: the rows of patients once, and no other.
        let scan = try rows(.patient, [key(.patientName, .pn, "doe^jane7")])
        #expect(scan.found == 1)
        #expect((300...310).contains(scan.read))
    }

    @Test func `matching by the header reads the header rows of what is left, and no chunk`() throws {
        // Its own: others count as well.
        let corpus = try CorpusArchive()
        let archive = corpus.under.archive
        let before = archive.counters
        try archive.find(
            Query(
                .study,
                [
                    QueryKey(.patientID, AttributeMatch(.lo, ["P1"])),
                    QueryKey(.studyDescription, AttributeMatch(.lo, ["Chest*"])),
                    QueryKey(.photometricInterpretation, AttributeMatch(.cs, ["MONOCHROME2"])),
                ])
        ) { match in
            _ = try match.value(.pixelData)
            return true
        }
        let after = archive.counters
        #expect(after.headerRowsRead - before.headerRowsRead == 1)
        #expect(after.chunkBytesRead == before.chunkBytesRead)
    }

    @Test func `rows that cannot be read are left out`() throws {
        let under = try ArchiveUnderTest()
        try under.store(Sample().bytes)
        let second = try under.store(Sample(patient: "P2", study: "1.9", series: "1.9.1", instance: "1.9.1.1").bytes)
        let study = try #require(try under.archive.node(of: .study("P2", "1.9"), .study))
        let node = try under.node(second)
        let header = try #require(try under.archive.nodeRow(node)).reference.key()
        try under.set(.header, header, nil)
        func found(_ level: Level, _ keys: [QueryKey] = []) throws -> [String] {
            var found: [String] = []
            try under.archive.find(Query(level, keys)) { match in
                _ = try match.value(.bitsStored)
                found += try match.texts(level.uniqueKey)
                return true
            }
            return found
        }
        #expect(try found(.study).sorted() == ["1.2.3", "1.9"])
        #expect(try found(.study, [QueryKey(.bitsStored, AttributeMatch(.us, ["16"]))]) == ["1.2.3"])
        try under.set(.index, IndexKey.node(study), [0xFF])
        #expect(try found(.study) == ["1.2.3"])
        #expect(try found(.series, [QueryKey(.patientID, AttributeMatch(.lo, ["P2"]))]) == [])
        #expect(try found(.instance, [QueryKey(.studyDate, AttributeMatch(.da, ["20240131"]))]) == ["1.2.3.4.5"])
    }
}
