import ArchiveSCP
import ContentStore
import DICOM
import DICOMNetwork
import TestSupport
import Testing

@testable import DICOMArchive

@Suite struct IdentifierTests {
    private static let syntax = TransferSyntax.explicitVRLittleEndian.uid

    private func find(_ bytes: [UInt8], _ root: QueryRetrieveRoot = .patient, _ syntax: String = syntax)
        throws(IdentifierError)
        -> FindIdentifier
    {
        try FindIdentifier(bytes: bytes, transferSyntaxUID: syntax, root: root, isDateTimeCombined: false)
    }

    private func identifier(_ level: String?, _ change: (inout DataSetBuilder) -> Void = { _ in }) -> [UInt8] {
        var set = DataSetBuilder()
        if let level { set.text(.queryRetrieveLevel, .cs, level) }
        change(&set)
        return set.bytes
    }

    private func failure(_ bytes: [UInt8], _ root: QueryRetrieveRoot = .patient, _ syntax: String = syntax)
        -> IdentifierError?
    {
        do throws(IdentifierError) {
            _ = try find(bytes, root, syntax)
            return nil
        } catch {
            return error
        }
    }

    @Test func `a level that the model lacks is answered with A900 and its element`() {
        for (level, root) in [("PATIENT", QueryRetrieveRoot.study), ("FRAME", .patient), (nil, .patient), ("", .study)]
        {
            let error = failure(identifier(level), root)
            #expect(error?.status == .dataSetDoesNotMatch)
            #expect(error?.offendingElements == [.queryRetrieveLevel])
        }
        for (level, root) in [
            ("PATIENT", QueryRetrieveRoot.patient), ("STUDY", .study), ("SERIES ", .study), ("IMAGE", .study),
        ] {
            #expect(failure(identifier(level), root) == nil)
        }
    }

    @Test func `what is no data set is answered with C000`() {
        for bytes in [[1, 2, 3], [UInt8](repeating: 0xFF, count: 100)] {
            #expect(failure(bytes)?.status == .cannotUnderstand)
        }
        #expect(failure([])?.status == .dataSetDoesNotMatch)
        let error = failure(identifier("STUDY") { $0.start(.patientID, .lo, 100) })
        #expect(error?.status == .cannotUnderstand)
        #expect((error?.comment.count ?? 99) <= 64)
    }

    @Test func `hostile identifiers are refused at once`() {
        let clock = ContinuousClock()
        let taken = clock.measure {
            #expect(failure([UInt8](repeating: 0, count: 2 << 20))?.status == .cannotUnderstand)
            // A million backslashes, in one value and in many.
            let implicit = TransferSyntax.implicitVRLittleEndian.uid
            var slashes = DataSetBuilder(.implicitLittleEndian)
            slashes.text(.queryRetrieveLevel, .cs, "STUDY")
            slashes.element(.studyInstanceUID, .ui, [UInt8](repeating: 0x5C, count: 1_000_000))
            #expect(failure(slashes.bytes, .patient, implicit)?.offendingElements == [.studyInstanceUID])
            var names = DataSetBuilder(.implicitLittleEndian)
            names.text(.queryRetrieveLevel, .cs, "STUDY")
            names.element(.patientName, .pn, [UInt8](repeating: 0x5C, count: 65_536))
            #expect(failure(names.bytes, .patient, implicit)?.offendingElements == [.patientName])
            #expect(
                failure(
                    identifier("STUDY") { set in
                        for number in 0..<50_000 { set.text(Tag(rawValue: 0x0011_1000 + UInt32(number)), .lo, "") }
                    })?.status == .cannotUnderstand)
            // Deep nesting, of either kind.
            for length in [DataSetBuilder.undefined, 0] {
                let deep = identifier("STUDY") { set in
                    if length == 0 {
                        var bytes: [UInt8] = []
                        for _ in 0..<2_000 {
                            var outer = DataSetBuilder()
                            outer.start(Tag(0x0040, 0x0275), .sq, UInt32(bytes.count + 8))
                            outer.item(UInt32(bytes.count))
                            bytes = outer.bytes + bytes
                        }
                        set.bytes += bytes
                    } else {
                        for _ in 0..<20_000 {
                            set.start(Tag(0x0040, 0x0275), .sq, length)
                            set.item()
                        }
                    }
                }
                #expect(failure(deep)?.status == .cannotUnderstand)
            }
            #expect(
                failure(
                    identifier("STUDY") { set in
                        set.start(Tag(0x0040, 0x0275), .sq, 8 * 8_000)
                        for _ in 0..<8_000 { set.item(0) }
                    })?.status == .cannotUnderstand)
        }
        #expect(taken < .seconds(40), "\(taken)")
    }

    @Test func `a retrieval names the instances of its level, and the levels above restrict`() throws {
        let under = try ArchiveUnderTest(.eachFlush)
        for instance in QueryCorpus.instances { try under.store(instance.dataSet, syntax: instance.syntax) }
        func sent(_ level: String, _ keys: [(Tag, String)], _ root: QueryRetrieveRoot = .patient) throws -> [String] {
            let bytes = identifier(level) { set in
                for (tag, value) in keys { set.text(tag, tag == .patientID ? .lo : .ui, value) }
            }
            let retrieve = try RetrieveIdentifier(bytes: bytes, transferSyntaxUID: Self.syntax, root: root)
            var found: [String] = []
            try under.archive.instances(of: retrieve.retrieval) { instance in
                let file = try under.archive.file(instance.node)
                #expect(file?.recipe.identity.sopInstanceUID == instance.sopInstanceUID)
                found.append(instance.sopInstanceUID.dropFirst(5).description)
                return true
            }
            return found.sorted()
        }
        #expect(try sent("PATIENT", [(.patientID, "P1")]).count == 13)
        #expect(try sent("PATIENT", [(.patientID, "W*1")]).count == 4)
        #expect(try sent("PATIENT", [(.patientID, "P*")]) == [])
        #expect(try sent("STUDY", [(.studyInstanceUID, "2.25.101\\2.25.103")], .study).count == 10)
        #expect(try sent("STUDY", [(.patientID, "P12"), (.studyInstanceUID, "2.25.101\\2.25.103")]) == ["103.1.1"])
        #expect(try sent("SERIES", [(.studyInstanceUID, "2.25.101"), (.seriesInstanceUID, "2.25.101.2")]).count == 3)
        #expect(try sent("SERIES", [(.seriesInstanceUID, "2.25.101.2")]).count == 3)
        #expect(try sent("IMAGE", [(.sopInstanceUID, "2.25.101.2.1\\2.25.106.1.2\\9.9")]) == ["101.2.1", "106.1.2"])
        #expect(try sent("IMAGE", [(.seriesInstanceUID, "2.25.101.2"), (.sopInstanceUID, "2.25.101.1.1")]) == [])

        var syntaxes: Set<String> = []
        try under.archive.instances(of: Retrieval(.study, [.study: ["2.25.101", "2.25.106"]])) {
            syntaxes.insert($0.transferSyntaxUID)
            return true
        }
        #expect(syntaxes == ["1.2.840.10008.1.2", "1.2.840.10008.1.2.1"])
        try under.archive.instances(of: Retrieval(.study, [.patient: ["P1"]])) { _ in
            Issue.record("a retrieval without a value for its level is everything")
            return false
        }
    }

    @Test func `a retrieval without a value for its level is refused`() {
        for level in ["PATIENT", "STUDY", "SERIES", "IMAGE"] {
            #expect(throws: IdentifierError.self) {
                _ = try RetrieveIdentifier(bytes: identifier(level), transferSyntaxUID: Self.syntax, root: .patient)
            }
        }
    }
}
