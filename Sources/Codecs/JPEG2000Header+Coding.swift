extension JPEG2000Header {
    /// Throws when the coding styles of a codestream (ISO 15444-1 annexes A.6.1, A.6.2 and A.6.6), in its main header or in those of tile
    /// parts, would make far more packets or code blocks than its pixels have use for.
    func checkCoding(_ bytes: UnsafeRawBufferPointer) throws(CodecError) {
        var place = 2
        // Of a tile part: where the next one begins.
        var nextPart: Int?
        var isBehindPart = false
        var layers = 1
        while place + 4 <= bytes.count {
            let marker = Int(bytes[place]) << 8 | Int(bytes[place + 1])
            if marker == 0xFFD9 { return }
            if marker == 0xFF93 {
                // SOD: data up to the next tile part.
                guard let next = nextPart, next > place else {
                    throw CodecError("the tile parts of the JPEG 2000 codestream are broken")
                }
                place = next
                nextPart = nil
                isBehindPart = true
                continue
            }
            // What follows the last one and is no marker, OpenJPEG does not read either.
            if isBehindPart, marker < 0xFF00 { return }
            let length = Int(bytes[place + 2]) << 8 | Int(bytes[place + 3])
            guard marker >= 0xFF00, length >= 2, place + 2 + length <= bytes.count else {
                throw CodecError("the header of the JPEG 2000 codestream is broken")
            }
            let segment = UnsafeRawBufferPointer(rebasing: bytes[place + 4..<place + 2 + length])
            switch marker {
            case 0xFF90 where segment.count >= 8:
                // SOT: its part's length is counted from its own beginning; 0 up to the end.
                let part = (2..<6).reduce(0) { $0 << 8 | Int(segment[$1]) }
                nextPart = part == 0 ? bytes.count : place + part
            case 0xFF52 where segment.count >= 10:
                layers = max(1, Int(segment[2]) << 8 | Int(segment[3]))
                try checkStyle(segment, at: 5, hasPrecincts: segment[0] & 1 == 1, layers)
            case 0xFF53 where segment.count >= 7:
                // Few components have a number of one byte.
                try checkStyle(segment, at: 2, hasPrecincts: segment[1] & 1 == 1, layers)
            case 0xFF5F where length > 2 + 7 * 16:
                throw CodecError("the JPEG 2000 codestream changes its progression too often")
            default: break
            }
            place += 2 + length
        }
    }

    private func checkStyle(
        _ segment: UnsafeRawBufferPointer, at place: Int, hasPrecincts: Bool, _ layers: Int
    ) throws(CodecError) {
        let levels = Int(segment[place])
        guard levels <= 32, !hasPrecincts || segment.count >= place + 6 + levels else {
            throw CodecError("the coding style of the JPEG 2000 codestream is broken")
        }
        let blockBits = Int(segment[place + 1] & 0xF) + Int(segment[place + 2] & 0xF) + 4
        var precincts = 0
        for level in 0...levels {
            // Of the smallest resolution first.
            let shrink = levels - level
            let sizes = hasPrecincts ? segment[place + 5 + level] : 0xFF
            func count(_ size: Int, _ bits: UInt8) -> Int {
                let reduced = max(1, size >> shrink)
                return (reduced - 1) >> Int(bits) + 1
            }
            precincts += count(width, sizes & 0xF) * count(height, sizes >> 4)
        }
        let pixels = width * height
        // A tile has those of its own.
        let all = (precincts + tiles * (levels + 1)) * components
        guard all <= 4096 + pixels / 64, layers * all <= 65_536 + pixels / 4,
            pixels >> min(blockBits, 12) <= 4096 + pixels / 64
        else {
            throw CodecError(
                "the JPEG 2000 codestream has \(layers) layers of \(all) precincts, and code blocks of"
                    + " \(1 << min(blockBits, 12)) pixels, for \(width) x \(height)")
        }
    }
}
