extension DataSetHeader {
    /// The whole value as text: decoded, cut at a NUL, without spaces at its ends. Nil when nothing is left.
    package func text(_ tag: Tag) -> String? {
        guard let entry = value(tag) else { return nil }
        let text = Self.trimmed(decoded(entry)[...])
        return text.isEmpty ? nil : text
    }

    /// The values between backslashes, each as `text` gives it; an empty one keeps its place.
    package func texts(_ tag: Tag) -> [String] {
        guard let entry = value(tag), entry.end > entry.start else { return [] }
        let value = bytes[entry.start..<entry.end].prefix { $0 != 0 }
        let (set, isPersonName) = repertoire(entry)
        return set.decodeValues(value, isPersonName: isPersonName).map { Self.trimmed($0[...]) }
    }

    /// The values as integers: of US, SS, UL, SL, UV, SV, AT (group in the upper 16 bits) and IS. Empty when one is none.
    package func integers(_ tag: Tag) -> [Int] {
        integers(tag, as: vr(of: tag))
    }

    /// The value as integers of this representation, whatever its header says.
    package func integers(_ tag: Tag, as vr: VR?) -> [Int] {
        switch vr?.description {
        case "US", "OW": return numbers(tag, 2) { Int(UInt16(truncatingIfNeeded: $0)) }
        case "SS": return numbers(tag, 2) { Int(Int16(truncatingIfNeeded: $0)) }
        case "UL", "OL": return numbers(tag, 4) { Int(UInt32(truncatingIfNeeded: $0)) }
        case "SL": return numbers(tag, 4) { Int(Int32(truncatingIfNeeded: $0)) }
        case "SV": return numbers(tag, 8) { Int(truncatingIfNeeded: $0) }
        case "UV", "OV": return numbers(tag, 8) { Int(clamping: $0) }
        case "AT":
            return numbers(tag, 2) { Int(UInt16(truncatingIfNeeded: $0)) }.pairs.map { $0 << 16 | $1 }
        case "IS", "DS", "LO", "SH", "CS":
            let texts = texts(tag)
            let values = texts.compactMap { Int($0) ?? Double($0).flatMap { Int(exactly: $0) } }
            return values.count == texts.count ? values : []
        default: return []
        }
    }

    /// The first of `integers`.
    package func integer(_ tag: Tag) -> Int? { integers(tag).first }

    /// The values as decimals: of DS, FD, FL, and of all that `integers` reads. Empty when one is no finite number.
    package func decimals(_ tag: Tag) -> [Double] {
        let vr = vr(of: tag)
        let values: [Double]
        switch vr?.description {
        case "FL", "OF": values = numbers(tag, 4) { Double(Float(bitPattern: UInt32(truncatingIfNeeded: $0))) }
        case "FD", "OD": values = numbers(tag, 8) { Double(bitPattern: $0) }
        case "DS", "IS", "LO", "SH", "CS":
            let texts = texts(tag)
            values = texts.compactMap { Double($0) }
            guard values.count == texts.count else { return [] }
        default: values = integers(tag, as: vr).map { Double($0) }
        }
        return values.allSatisfy(\.isFinite) ? values : []
    }

    /// The first of `decimals`.
    package func decimal(_ tag: Tag) -> Double? { decimals(tag).first }

    /// The value decoded and cut at a NUL, with its spaces.
    func decoded(_ entry: ElementIndex.Entry) -> String {
        let (set, isPersonName) = repertoire(entry)
        return set.decode(bytes[entry.start..<entry.end].prefix { $0 != 0 }, isPersonName: isPersonName)
    }

    /// The set an element's text is in: Specific Character Set applies to some VRs only (PS3.5 section 6.1.2.2).
    private func repertoire(_ entry: ElementIndex.Entry) -> (SpecificCharacterSet, isPersonName: Bool) {
        let vr = entry.vr == nil || entry.vr == .un ? DataDictionary.vr(of: entry.tag) : entry.vr
        switch vr {
        case .pn: return (characterSet, true)
        case .ae, .as, .cs, .da, .ds, .dt, .is, .tm, .ui, .ur: return (.latin1, false)
        default: return (characterSet, false)
        }
    }

    private func numbers<Number>(_ tag: Tag, _ width: Int, _ number: (UInt64) -> Number) -> [Number] {
        guard let value = bytes(tag) else { return [] }
        return stride(from: value.startIndex, through: value.endIndex - width, by: width).map { start in
            var bits: UInt64 = 0
            for place in 0..<width {
                bits = bits << 8 | UInt64(value[encoding.isBigEndian ? start + place : start + width - 1 - place])
            }
            return number(bits)
        }
    }
}

extension [Int] {
    fileprivate var pairs: [(Int, Int)] {
        stride(from: 0, to: count - 1, by: 2).map { (self[$0], self[$0 + 1]) }
    }
}
