import Foundation
import TestSupport
import Testing

@testable import DICOMArchive

@Suite struct SafeNameTests {
    @Test(
        arguments: [
            ("Doe^Jane", "Doe_Jane"), ("A/B\\C", "A_B_C"), ("  a  b  ", "a_b"), ("..", nil), (".hidden", "hidden"),
            ("-rf", "-rf"), ("+C", "+C"), ("name.", "name"), ("a\u{0}b", "a_b"), ("a\nb\tc", "a_b_c"), ("", nil),
            ("///", nil), ("___", nil), ("-", nil), ("=,+@.", nil),
            ("$(rm -rf ~)", "rm_-rf"), ("a|b;c&d<e>f\"g'h`i*j?k:l", "a_b_c_d_e_f_g_h_i_j_k_l"), ("50%", "50"),
            ("a\u{2028}b", "a_b"), ("a\u{FF0F}b", "a_b"), ("\u{FFFD}x", "x"), ("~", nil), ("a\u{1F600}b", "a_b"),
            ("\u{E000}x\u{10FFFF}", "x"), ("a_-b", "a_-b"), ("1,5+2=3@x", "1,5+2=3@x"),
            ("Müller", "Müller"), ("山田^太郎", "山田_太郎"), ("김희중", "김희중"), ("Zhang^X=张^小东=", "Zhang_X=张_小东"),
            // The two ways to write the same.
            ("e\u{301}", "\u{E9}"), ("\u{1112}\u{1161}\u{11AB}", "한"), ("\u{212B}", "\u{C5}"), ("\u{F900}", "\u{8C48}"),
            ("a\u{338}=\u{338}b", "a\u{338}_b"), ("a\u{2260}b", "a_b"),
            // The invisible.
            ("x\u{202E}gpj.exe", "xgpj.exe"), ("a\u{200B}b", "ab"), ("\u{2066}a\u{2069}", "a"), ("a\u{FEFF}b", "ab"),
            ("\u{3164}\u{115F}", nil), ("葛\u{E0100}城", "葛城"), ("می\u{200C}خواهم", "میخواهم"),
            ("e\u{34F}\u{301}", "\u{E9}"), ("👩\u{200D}👩", nil),
            // Marks with nothing to stand on.
            ("\u{301}a", "a"), ("a-\u{301}b", "a-_b"), ("<\u{338}\u{301}", nil), ("ก\u{E33}\u{E49}", "ก\u{E33}\u{E49}"),
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

    @Test(arguments: [
        (["-rf", "x"], "rf_x"), (["+C", "-C"], "C_-C"), (["@list"], "list"), (["=cmd"], "cmd"), (["--", "--"], ""),
        (["CON.1", "x"], "CON_1_x"), (["nul.x.y"], "nul_x.y"), (["COM\u{B9}.x"], "COM\u{B9}_x"), (["lpt0.x"], "lpt0_x"),
        (["COM.1"], "COM.1"), (["CONE.1"], "CONE.1"), (["AUX"], "AUX"), (["x", "CON.1"], "x_CON.1"),
    ])
    func `a name is no option, no device and not hidden`(parts: [String], start: String) {
        #expect(SafeName.join(parts, suffix: "0123456789") == "\(start)_0123456789")
    }

    @Test(arguments: ["x", "ü", "山", "e\u{301}\u{323}\u{308}", "क्षि"])
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
            #expect(part.first != "." && part.last != ".")
            #expect(name.first?.isLetter == true || name.first?.isNumber == true)
            #expect(
                !part.unicodeScalars.contains {
                    $0.properties.isWhitespace || $0.properties.isDefaultIgnorableCodePoint
                        || $0.properties.isBidiControl
                        || $0.properties.isNoncharacterCodePoint || $0.properties.generalCategory == .unassigned
                })
        }
    }
}
