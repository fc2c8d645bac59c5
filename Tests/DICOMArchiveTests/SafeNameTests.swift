import Foundation
import TestSupport
import Testing

@testable import DICOMArchive

@Suite struct SafeNameTests {
    @Test(
        arguments: [
            ("Doe^Jane", "Doe_Jane"), ("A/B\\C", "A_B_C"), ("  a  b  ", "a_b"), ("..", nil), (".hidden", "hidden"),
            ("-rf", "rf"), ("name.", "name"), ("a\u{0}b", "a_b"), ("a\nb\tc", "a_b_c"), ("", nil), ("///", nil),
            ("___", nil),
            ("$(rm -rf ~)", "rm_-rf"), ("a|b;c&d<e>f\"g'h`i*j?k:l", "a_b_c_d_e_f_g_h_i_j_k_l"),
            ("x\u{202E}gpj.exe", "x_gpj.exe"), ("a\u{200B}b", "a_b"), ("\u{2066}a\u{2069}", "a"), ("a\u{FEFF}b", "a_b"),
            ("a\u{2028}b", "a_b"), ("a\u{FF0F}b", "a_b"), ("Müller", "Müller"), ("山田^太郎", "山田_太郎"), ("김희중", "김희중"),
            ("e\u{301}", "\u{E9}"), ("a_-b", "a_-b"), ("1,5+2=3@x", "1,5+2=3@x"), ("\u{FFFD}x", "x"), ("\u{3164}", nil),
            ("50%", "50"), ("~", nil), ("a\u{1F600}b", "a_b"),
        ] as [(String, String?)])
    func `a value becomes a safe part of a name`(value: String, expected: String?) {
        let part = SafeName.part(value)
        #expect(part.map { Array($0.utf8) } == expected.map { Array($0.utf8) })
    }

    @Test func `no value has no part`() { #expect(SafeName.part(nil) == nil) }

    @Test func `parts and suffix are joined by underscores`() {
        #expect(SafeName.join(["P1", "Doe"], suffix: "0123456789") == "P1_Doe_0123456789")
        #expect(SafeName.join([], suffix: "0123456789") == "_0123456789")
    }

    @Test(arguments: ["x", "ü", "山", "e\u{301}\u{323}\u{308}", "👩‍👩‍👧‍👦"])
    func `a long name is cut between characters, and keeps its suffix`(unit: String) {
        let long = String(repeating: unit, count: 300)
        let name = SafeName.join([long, "end"], suffix: "0123456789")
        #expect(name.utf8.count <= 255)
        #expect(name.utf8.count > 255 - unit.utf8.count)
        #expect(name.hasSuffix("_0123456789"))
        #expect(long.hasPrefix(name.dropLast(11)))
        #expect(name.dropLast(11).count == name.dropLast(11).utf8.count / unit.utf8.count)
    }

    @Test func `a character longer than a name is left out`() {
        let monster = "a" + String(repeating: "\u{301}", count: 400)
        let name = SafeName.join([monster], suffix: "0123456789")
        #expect(name == "_0123456789")
    }

    @Test func `names of any values can be files anywhere`() {
        var generator = Seeded(5)
        for _ in 0..<3000 {
            var value = ""
            for _ in 0..<Int.random(in: 0...40, using: &generator) {
                let limit: UInt32 = Bool.random(using: &generator) ? 0x80 : 0x2FFFF
                if let scalar = Unicode.Scalar(UInt32.random(in: 0...limit, using: &generator)) {
                    value.unicodeScalars.append(scalar)
                }
            }
            guard let part = SafeName.part(value) else { continue }
            let name = SafeName.join([part], suffix: "0123456789")
            #expect(!part.isEmpty)
            #expect(!name.utf8.contains { $0 == 0x2F || $0 == 0x5C || $0 < 0x20 || $0 == 0x7F })
            #expect(name.utf8.count <= 255)
            #expect(Array(name.precomposedStringWithCanonicalMapping.utf8) == Array(name.utf8))
            #expect(part.first != "-" && part.first != "." && part.last != ".")
            #expect(
                !part.unicodeScalars.contains {
                    $0.properties.isWhitespace || $0.properties.isDefaultIgnorableCodePoint
                        || $0.properties.isBidiControl
                        || $0.properties.isNoncharacterCodePoint || $0.properties.generalCategory == .unassigned
                })
        }
    }
}
