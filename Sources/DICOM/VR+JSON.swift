extension VR {
    /// What a value of it is in JSON (PS3.18 table F.2.3-1).
    enum Form: Equatable {
        case text, texts, integers, decimals, names, items
        /// Binary numbers of so many bytes.
        case numbers(Int)
        /// Bytes in units of so many.
        case bytes(Int)
    }

    var form: Form {
        switch self {
        case .lt, .st, .ut, .ur: .text
        case .is: .integers
        case .ds: .decimals
        case .pn: .names
        case .sq: .items
        case .us, .ss: .numbers(2)
        case .ul, .sl, .fl, .at: .numbers(4)
        case .uv, .sv, .fd: .numbers(8)
        case .ob, .un: .bytes(1)
        case .ow: .bytes(2)
        case .of, .ol: .bytes(4)
        case .od, .ov: .bytes(8)
        default: .texts
        }
    }

    /// Whether Specific Character Set applies (PS3.5 section 6.1.2.2).
    var takesCharacterSet: Bool {
        switch self {
        case .lo, .lt, .pn, .sh, .st, .uc, .ut: true
        default: false
        }
    }
}
