import DICOM
import Foundation
import Glibc
import TestSupport
import Testing

/// Names in `.views/by-uid`.
@Suite(.serialized)
struct ViewNameTests {
    @Test func `a study of two patients has its UID as a name once, and keeps the name`() throws {
        let mount = try ArchiveMount()
        func store(_ patient: String) throws -> OrthancIdentifier {
            try mount.store(TestInstance(patientID: patient).dataSet)
            return .study(patient, "1.2.3")
        }
        let (first, second) = (try store("A"), try store("B"))
        let view = mount.appending(".views/by-uid")
        let long = "1.2.3_\(second.hex40)"
        #expect(names(view) == ["1.2.3", long])
        #expect(names("\(view)/1.2.3/1.2.3.4") == ["1.2.3.4.5.dcm", "1.2.3.4.5.png"])
        #expect(names("\(view)/\(long)/1.2.3.4") == ["1.2.3.4.5.dcm", "1.2.3.4.5.png"])
        let numbers = ["1.2.3", long].map { fileStatus("\(view)/\($0)/1.2.3.4/1.2.3.4.5.dcm")?.st_ino }
        #expect(numbers[0] != nil && numbers[1] != nil && numbers[0] != numbers[1])
        #expect(try mount.delete(first) == 1)
        #expect(names(view) == [long])
        #expect(fileStatus("\(view)/1.2.3") == nil)
        _ = try store("A")
        #expect(names(view) == ["1.2.3", long])
    }

    static let hostile = [
        ".", "..", "...", ".1", "1.", "-rf", "1 2", "a\\b", "CON", "$(id)", "1_2", "_", "1.2.v2", "1.2.v2.dcm", "1.dcm",
        "0", "1..2", String(repeating: "1", count: 64), String(repeating: "x", count: 64),
    ]

    @Test func `hostile UIDs make names in by-uid that list and open`() throws {
        let mount = try ArchiveMount()
        var stored = 0
        for value in Self.hostile {
            for instance in [
                TestInstance(study: value), TestInstance(series: value), TestInstance(instance: value),
                TestInstance(study: value, series: value, instance: value),
            ] where (try? mount.store(instance.dataSet)) != nil { stored += 1 }
        }
        #expect(stored > 60)
        let all = walk(mount.appending(".views/by-uid"))
        #expect(!all.contains { $0.hasPrefix("missing") })
        let files = walk(mount.path).filter { $0.hasSuffix(".dcm") }
        #expect(all.count { $0.hasSuffix(".dcm") } == files.count)
        #expect(Set(all.compactMap { fileStatus($0)?.st_ino }).count == all.count)
        for path in all {
            let name = path.split(separator: "/").last ?? ""
            #expect((1...255).contains(name.utf8.count))
            #expect(name.first != "-" && name.first != "." && !name.contains(" "))
        }
    }
}
