import DICOM
import TestSupport
import Testing

/// Matching as PS3.4 section C.2.2.2 has it.
@Suite struct AttributeMatchTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var vr: VR
        var key: String
        var like: [String]
        var unlike: [String]

        var testDescription: String { "\(vr) \(key)" }
    }

    static func like(_ vr: VR, _ key: String, _ like: [String], not unlike: [String]) -> Case {
        Case(vr: vr, key: key, like: like, unlike: unlike)
    }

    static let cases: [Case] = [
        // Single values, lists.
        like(.lo, "Head", ["Head", " Head ", "Neck\\Head"], not: ["head", "Head2", "", "Hea"]),
        like(.lo, " Head ", ["Head"], not: ["Head Neck"]),
        like(.cs, "CT\\MR", ["CT", "MR", "PT\\MR"], not: ["PT", "CTMR", ""]),
        like(.ui, "1.2\\1.3", ["1.2", "1.3"], not: ["1.2.3", "1", ""]),
        like(.ui, "1.*", [], not: ["1.2", "1.", ""]),
        like(.ui, "*", [], not: ["1.2"]),
        like(.lt, "a\\b", ["a\\b"], not: ["a", "b"]),
        // Universal.
        like(.lo, "", ["", "x"], not: []),
        like(.lo, "*", ["", "x"], not: []),
        like(.pn, "**", ["", "x"], not: []),
        like(.ui, "\\\\", ["", "1"], not: []),
        // Wildcards.
        like(.lo, "H*d", ["Head", "Hd", "Hundred"], not: ["head", "Heads", "AHead", ""]),
        like(.lo, "?ead", ["Head", "éead"], not: ["ead", "HHead"]),
        like(.lo, "*ea*", ["Head", "ea"], not: ["Hed", "Hae"]),
        like(.lo, "a*b*c", ["abc", "aXbYc", "abbc", "abcbc"], not: ["acb", "ab", "bc"]),
        like(.lo, "*a?", ["ab", "aab", "xaa"], not: ["a", "ba"]),
        like(.lo, "?*", ["a", "ab"], not: [""]),
        like(.lo, "ab*ba", ["abba", "abXba"], not: ["aba"]),
        like(.cs, "C?", ["CT", "CR"], not: ["C", "CTX"]),
        like(.sh, "A*\\B1", ["A1", "A", "B1"], not: ["B12"]),
        // No wildcards in dates, numbers and ages.
        like(.da, "2024*", [], not: ["20240101"]),
        like(.is, "1*", [], not: ["1", "12"]),
        like(.as, "03?Y", ["03?Y"], not: ["030Y"]),
        // Dates.
        like(.da, "20240131", ["20240131", "2024.01.31"], not: ["20240130", "20240201", "2024", ""]),
        like(.da, "2024.01.31", ["20240131", "2024.01.31"], not: ["20240130"]),
        like(.da, "20240110-20240120", ["20240110", "20240120", "2024.01.15"], not: ["20240109", "20240121", "x"]),
        like(.da, "20240110 - 20240120", ["20240110"], not: ["20240121"]),
        like(.da, "20240110-", ["20240110", "99991231"], not: ["20240109", "unknown"]),
        like(.da, "-20240110", ["20240110", "00010101"], not: ["20240111", "unknown"]),
        like(.da, "20231231-20240229", ["20240101", "20240229"], not: ["20231230", "20240301"]),
        like(.da, "unknown", ["unknown"], not: ["20240101"]),
        like(.da, "20240120-20240110", [], not: ["20240110", "20240115", "20240120"]),
        // Times.
        like(.tm, "10", ["10", "1000", "105959.999999", "10:30:00"], not: ["09", "110000", ""]),
        like(.tm, "1030", ["103000", "103059.9", "10:30"], not: ["1031", "1029", "10"]),
        like(.tm, "1000-1030", ["1000", "10:30:59", "103059.999999"], not: ["095959", "1031"]),
        like(.tm, "-1200", ["000000", "120059"], not: ["120100"]),
        like(.tm, "2200-", ["220000", "235959.999999"], not: ["215959"]),
        like(.tm, "101010.5", ["101010.5", "101010.59"], not: ["101010.6", "101010"]),
        // Dates and times.
        like(.dt, "2024", ["2024", "20240101", "20241231235959.999999"], not: ["2023", "20250101"]),
        like(.dt, "202401-202402", ["20240131", "20240229235959"], not: ["20231231", "20240301"]),
        like(
            .dt, "20240101120000+0100", ["20240101110000", "20240101110000+0000", "20240101060000-0500"],
            not: ["20240101120000"]),
        like(.dt, "20240101120000-0500", ["20240101170000"], not: ["20240101120000", "20240101170001"]),
        like(.dt, "20240101120000-0500-", ["20240101170000", "2025"], not: ["20240101165959"]),
        like(
            .dt, "20240101120000-0500-20240101130000-0500", ["20240101173000"], not: ["20240101164500", "2024010119"]),
        like(.dt, "-20240101", ["20240101235959", "2023"], not: ["20240102"]),
        // A year that no offset is.
        like(.dt, "2023-2024", ["2023", "20241231"], not: ["2022", "2025"]),
        // Numbers.
        like(.ds, "1.5", ["1.50", "15e-1", "+1.5", " 1.5"], not: ["1.51", "1", "x", ""]),
        like(.is, "7", ["7", "007", "+7"], not: ["70", "-7"]),
        like(.us, "512", ["512"], not: ["51", "5120"]),
        like(.uv, "18446744073709551615", ["18446744073709551615"], not: ["18446744073709551614"]),
        like(.at, "00100020", ["00100020"], not: ["00100010"]),
        // Person names.
        like(
            .pn, "müller^jörg", ["MULLER^JORG", "Müller^Jörg", "Mu\u{308}ller^Jo\u{308}rg"],
            not: ["Müller", "Mueller^Jörg"]),
        like(.pn, "MULLER*", ["Müller^Jörg", "mÜLLER"], not: ["Muller2".replacingM()]),
        like(.pn, "angstrom^anders", ["Ångström^Anders", "\u{212B}ngström^Anders"], not: ["Angstrom"]),
        like(.pn, "strasse", ["Straße", "STRASSE"], not: ["Strase"]),
        like(.pn, "ΔΙΟΝΥΣΙΟΣ", ["Διονύσιος", "διονυσιοσ"], not: ["Διονύσιο"]),
        like(.pn, "люксембург", ["ЛЮКСЕМБУРГ", "Люксембург"], not: ["Люк"]),
        like(.pn, "Алёна", ["АЛЕНА"], not: ["АЛИНА"]),
        like(.pn, "Lukasz", ["Łukasz"], not: ["Lucasz"]),
        like(.pn, "ISIK", ["ışık", "Işık"], not: ["IK"]),
        like(.pn, "nguyen", ["Nguyễn"], not: ["Nguyên^A"]),
        like(.pn, "ｄｏｅ^jane", ["Doe^Jane"], not: ["Doe"]),
        like(.pn, "Yamada^Tarou", ["Yamada^Tarou=山田^太郎=やまだ^たろう"], not: ["Yamada=山田^太郎"]),
        like(.pn, "山田^太郎", ["Yamada^Tarou=山田^太郎=やまだ^たろう", "山田^太郎"], not: ["Yamada^Tarou=山本^太郎"]),
        like(.pn, "=山田*", ["Yamada^Tarou=山田^太郎"], not: ["山田^太郎", "Yamada^Tarou"]),
        like(.pn, "Yamada*=山田*=", ["Yamada^Tarou=山田^太郎=やまだ"], not: ["Yamada^Tarou=山本^太郎", "Suzuki=山田"]),
        like(.pn, "かき", ["A=か^か\\かき"], not: ["がき"]),
        like(.pn, "Doe^^^^", ["Doe", "DOE^", "Doe ^ "], not: ["Doe^Jane"]),
        like(.pn, "Doe^*", ["Doe", "Doe^Jane", "Doe^Jane^Q"], not: ["Doerr^Jane"]),
        like(.pn, "Doe^J?ne", ["Doe^Jane", "doe^JUNE"], not: ["Doe^Jne"]),
        like(.pn, "*jane*", ["Doe^Jane", "Janet"], not: ["Doe^Jan"]),
    ]

    @Test(arguments: cases)
    func `a key is like some values and not others`(each: Case) {
        let keys =
            each.vr == .lt
            ? [each.key] : each.key.split(separator: "\\", omittingEmptySubsequences: false).map { String($0) }
        let match = AttributeMatch(each.vr, keys)
        func values(_ text: String) -> [String] {
            each.vr == .lt ? [text] : text.split(separator: "\\", omittingEmptySubsequences: false).map { String($0) }
        }
        for value in each.like { #expect(match.matches(values(value)), "\(value)") }
        for value in each.unlike { #expect(!match.matches(values(value)), "\(value)") }
    }

    @Test func `an attribute that is not there matches nothing but a universal key`() {
        #expect(!AttributeMatch(.lo, ["?*"]).matches([]))
        #expect(!AttributeMatch(.pn, ["Doe"]).matches([]))
        #expect(AttributeMatch(.lo, ["*"]).matches([]))
        #expect(AttributeMatch(.da, []).matches([]))
    }

    @Test func `a date and a time make one span when they are combined`() throws {
        let match = try #require(
            DateTimeMatch(
                date: AttributeMatch(.da, ["20240110-20240112"]), time: AttributeMatch(.tm, ["1000-1200"])))
        for (date, time, isLike) in [
            ("20240110", "0959", false), ("20240110", "1000", true), ("20240110", "2300", true), ("20240111", "", true),
            ("20240111", "03", true), ("2024.01.12", "12:00:59", true), ("20240112", "1201", false),
            ("20240113", "11", false),
            ("x", "1100", false),
        ] {
            #expect(match.matches(dates: [date], times: [time]) == isLike, "\(date) \(time)")
        }
        let open = try #require(
            DateTimeMatch(date: AttributeMatch(.da, ["20240110-"]), time: AttributeMatch(.tm, ["1000-"])))
        #expect(open.matches(dates: ["20240111"], times: ["0100"]))
        #expect(!open.matches(dates: ["20240110"], times: ["0100"]))
        #expect(DateTimeMatch(date: AttributeMatch(.da, []), time: AttributeMatch(.tm, ["10"])) == nil)
    }

    @Test func `a hostile pattern takes no time`() {
        let long = String(repeating: "a", count: 20_000)
        let clock = ContinuousClock()
        let taken = clock.measure {
            #expect(!AttributeMatch(.lo, [String(repeating: "*a", count: 4_000) + "b"]).matches([long]))
            #expect(!AttributeMatch(.lo, ["*" + String(repeating: "a", count: 8_000) + "b*"]).matches([long]))
            #expect(!AttributeMatch(.lo, ["*" + String(repeating: "a?", count: 4_000) + "b*"]).matches([long]))
            #expect(AttributeMatch(.lo, ["*" + String(repeating: "a?", count: 4_000) + "a*"]).matches([long]))
            #expect(!AttributeMatch(.pn, [String(repeating: "^", count: 20_000) + "*b"]).matches([long]))
            #expect(AttributeMatch(.ui, [String](repeating: "", count: 1_000_000)).isUniversal)
        }
        // Measured without optimisation: 3 s.
        #expect(taken < .seconds(40), "\(taken)")
    }

    @Test func `long parts of a pattern are found where short ones are`() {
        let part = (0..<150).map { "\(($0 * $0) % 10)" }.joined()
        for (start, end) in [("", ""), ("x", "y"), (part.dropLast(), ""), ("", part.dropFirst())]
            as [(any StringProtocol, any StringProtocol)]
        {
            #expect(AttributeMatch(.lo, ["*\(part)*"]).matches(["\(start)\(part)\(end)"]))
            #expect(!AttributeMatch(.lo, ["*\(part)*"]).matches(["\(start)\(part.dropLast())x\(end)"]))
        }
    }
}

extension String {
    /// Another first letter.
    fileprivate func replacingM() -> String { "N" + dropFirst() }
}
