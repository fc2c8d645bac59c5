/// What the marker segments of a JPEG or JPEG-LS codestream say of its frame, up to the frame header (ISO 10918-1 annex B,
/// ISO 14495-1 annex C).
struct JPEGHeader {
    /// The process, by its start-of-frame marker.
    enum Process {
        case baseline, extended, progressive, lossless, nearLossless
    }

    let process: Process
    /// Bits.
    let precision: Int
    let width: Int
    let height: Int
    let components: Int
    /// See ``DecodedFrame/isYBR``: of lossy ones with three components, by APP14 "Adobe", APP0 "JFIF", or components named R, G, B.
    let isYBR: Bool?

    /// - Throws: ``CodecError`` when there is no frame header of a process that there is a codec for.
    init(_ bytes: UnsafeRawBufferPointer) throws(CodecError) {
        var place = 2
        var adobe: Bool?
        var isJFIF = false
        while true {
            // A marker, perhaps after fill bytes.
            guard place + 1 < bytes.count, bytes[place] == 0xFF else {
                throw CodecError("the JPEG codestream has no frame header")
            }
            let marker = bytes[place + 1]
            if marker == 0xFF {
                place += 1
                continue
            }
            place += 2
            // Markers without a segment: TEM and RSTm.
            if marker == 0x01 || (0xD0...0xD7).contains(marker) { continue }
            guard place + 1 < bytes.count else { throw CodecError("the JPEG codestream ends within its header") }
            let length = Int(bytes[place]) << 8 | Int(bytes[place + 1])
            guard length >= 2, place + length <= bytes.count else {
                throw CodecError("the JPEG codestream ends within its header")
            }
            let segment = UnsafeRawBufferPointer(rebasing: bytes[place + 2..<place + length])
            place += length
            switch marker {
            case 0xE0: isJFIF = isJFIF || segment.starts(with: "JFIF\0".utf8)
            case 0xEE where segment.count >= 12 && segment.starts(with: "Adobe".utf8): adobe = segment[11] == 1
            case 0xD9, 0xDA: throw CodecError("the JPEG codestream has no frame header")
            // DHT, JPG and DAC lie among the frame markers.
            case 0xC4, 0xC8, 0xCC: break
            case 0xC0...0xCF, 0xF7:
                process = try Self.process(marker)
                guard segment.count >= 6 else { throw CodecError("the JPEG frame header is too short") }
                precision = Int(segment[0])
                height = Int(segment[1]) << 8 | Int(segment[2])
                width = Int(segment[3]) << 8 | Int(segment[4])
                components = Int(segment[5])
                guard segment.count >= 6 + 3 * components else {
                    throw CodecError("the JPEG frame header is too short")
                }
                let names = (0..<components).map { segment[6 + 3 * $0] }
                switch process {
                case _ where components != 3, .lossless, .nearLossless: isYBR = nil
                default: isYBR = adobe ?? (isJFIF ? true : names == Array("RGB".utf8) ? false : nil)
                }
                return
            default: break
            }
        }
    }

    private static func process(_ marker: UInt8) throws(CodecError) -> Process {
        switch marker {
        case 0xC0: .baseline
        case 0xC1: .extended
        case 0xC2: .progressive
        case 0xC3: .lossless
        case 0xF7: .nearLossless
        default: throw CodecError("no codec for the JPEG process of the frame header 0x\(String(marker, radix: 16))")
        }
    }
}
