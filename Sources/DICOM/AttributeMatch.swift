/// A matching key: which values of an attribute are wanted (PS3.4 section C.2.2.2).
///
/// A list of values, as of UIDs, is like each of them; an attribute of several values when one of them is. Numbers are compared as
/// such, dates and times by what they mean, person names as ``PersonNameKey`` says, all else by its characters, without spaces at its ends.
package struct AttributeMatch: Sendable {
    private enum Kind: Sendable {
        case universal
        case texts(Set<String>)
        case patterns([WildcardPattern], Set<String>)
        case names([PersonNameKey])
        case numbers([Double], Set<String>)
        case spans([TemporalRange], Set<String>)
    }

    /// The VR whose rules it follows.
    package let vr: VR
    /// The values asked for that are not empty, as they were given without spaces at their ends.
    package let values: [String]
    private let kind: Kind

    /// What a key of these values asks for.
    ///
    /// - Parameter values: text; a binary number in decimal digits, an AT in hexadecimal ones.
    package init(_ vr: VR, _ values: [String]) {
        self.vr = vr
        let values = values.map(\.withoutSpaces).filter { !$0.isEmpty }
        self.values = values
        let isLike = vr.takesWildcards && values.contains { text in text.utf8.contains { $0 == 0x2A || $0 == 0x3F } }
        let isAnything = isLike && values.contains { text in text.utf8.allSatisfy { $0 == 0x2A } }
        if values.isEmpty || isAnything {
            kind = .universal
        } else if vr == .pn {
            kind = .names(values.map { PersonNameKey($0) })
        } else if isLike {
            let patterns = values.map { $0.unicodeScalars.map(\.value) }.filter { WildcardPattern.isIn($0) }
            kind = .patterns(patterns.map { WildcardPattern($0) }, Set(values))
        } else if vr.isNumber {
            kind = .numbers(values.compactMap { Self.number($0) }, Set(values))
        } else if vr == .da || vr == .tm || vr == .dt {
            kind = .spans(values.compactMap { TemporalRange($0, vr) }, Set(values))
        } else {
            kind = .texts(Set(values))
        }
    }

    /// What a key asks for that is compared as it is, wildcards or not.
    package init(exactly values: [String]) {
        vr = .ui
        self.values = values.map(\.withoutSpaces).filter { !$0.isEmpty }
        kind = self.values.isEmpty ? .universal : .texts(Set(self.values))
    }

    /// Whether anything matches, also an attribute without a value.
    package var isUniversal: Bool { if case .universal = kind { true } else { false } }

    /// The texts of which a value is one, if nothing else matches.
    package var texts: Set<String>? { if case .texts(let texts) = kind { texts } else { nil } }

    /// Of dates and times: the spans that a value lies in, or else is one of the texts.
    package var spans: (spans: [TemporalRange], texts: Set<String>)? {
        if case .spans(let spans, let texts) = kind { (spans, texts) } else { nil }
    }

    /// What every value begins with that can match one of these: the texts up to their first wildcard; nil when they are compared
    /// otherwise, or one begins with a wildcard.
    package var prefixes: [String]? {
        guard case .patterns = kind else { return nil }
        let prefixes = values.map { String($0.unicodeScalars.prefix { $0 != "*" && $0 != "?" }) }
        return prefixes.contains("") ? nil : prefixes
    }

    /// Whether an attribute with these values matches.
    package func matches(_ values: [String]) -> Bool {
        if case .universal = kind { return true }
        return values.contains { matches(one: $0) }
    }

    private func matches(one text: String) -> Bool {
        let value = text.withoutSpaces
        if value.isEmpty { return false }
        switch kind {
        case .universal: return true
        case .texts(let texts): return texts.contains(value)
        case .patterns(let patterns, let texts):
            if texts.contains(value) { return true }
            let scalars = value.unicodeScalars.map(\.value)
            return patterns.contains { $0.matches(scalars) }
        case .names(let names):
            let name = PersonNameKey.Name(value)
            return names.contains { $0.matches(name) }
        case .numbers(let numbers, let texts):
            // Numbers of 64 bits are not all a Double.
            if texts.contains(value) { return true }
            guard let number = Self.number(value), vr != .uv, vr != .sv else { return false }
            return numbers.contains(number)
        case .spans(let spans, let texts):
            return spans.contains { $0.contains(value, vr) } || texts.contains(value)
        }
    }

    private static func number(_ text: String) -> Double? {
        text.utf8.allSatisfy { "0123456789+-.eE".utf8.contains($0) } ? Double(text) : nil
    }
}

extension VR {
    /// Whether `*` and `?` in a key stand for other characters (PS3.4 section C.2.2.2.4).
    package var takesWildcards: Bool {
        switch self {
        case .ae, .cs, .lo, .lt, .pn, .sh, .st, .uc, .ur, .ut: true
        default: false
        }
    }

    fileprivate var isNumber: Bool {
        switch self {
        case .ds, .is, .us, .ss, .ul, .sl, .fl, .fd, .sv, .uv: true
        default: false
        }
    }
}
