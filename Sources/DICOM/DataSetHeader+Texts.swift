extension DataSetHeader {
    /// The values of an element as texts, of the kind that a matching key has: text without spaces at its ends, numbers in decimal
    /// digits, an AT in eight hexadecimal ones. None for an element that is absent, empty, bulk, items or bytes without a meaning.
    ///
    /// - Parameter vr: read it as this, where its own header names no VR that is known.
    package func valueTexts(_ tag: Tag, as vr: VR? = nil) -> [String] {
        let own = self.vr(of: tag)
        let vr = own == nil || own == .un ? vr ?? own : own
        switch vr {
        case .us, .ss, .ul, .sl, .sv, .uv: return integers(tag, as: vr).map { String($0) }
        case .fl, .fd: return decimals(tag).map { String($0) }
        case .at:
            return integers(tag, as: vr).map {
                let digits = String($0, radix: 16, uppercase: true)
                return String(repeating: "0", count: max(0, 8 - digits.count)) + digits
            }
        case .lt, .st, .ut, .ur: return text(tag).map { [$0] } ?? []
        case .ob, .od, .of, .ol, .ov, .ow, .sq: return []
        default:
            let texts = texts(tag)
            return texts.allSatisfy(\.isEmpty) ? [] : texts
        }
    }

    /// Whether an element holds items, or nothing though it is of VR SQ.
    package func isSequence(_ tag: Tag) -> Bool {
        guard let entry = index[tag] else { return false }
        return entry.isUndefined || vr(of: tag) == .sq
    }
}
