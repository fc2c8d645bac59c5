import Codecs

/// The samples of one frame, as numbers to be read a row at a time. Those whose bytes are missing are 0.
struct Samples {
    /// What a sample lies there as.
    enum Kind {
        case byte, word, long, float, double

        var size: Int {
            switch self {
            case .byte: 1
            case .word: 2
            case .long, .float: 4
            case .double: 8
            }
        }
    }

    private let bytes: UnsafeRawBufferPointer
    let kind: Kind
    private let isBigEndian: Bool
    /// Pixels.
    let width: Int
    let height: Int
    let samplesPerPixel: Int
    private let isPlanar: Bool
    /// Where in a sample its value is, and what it is.
    let bits: (count: Int, shift: Int)
    let isSigned: Bool
    /// Samples whose bytes are all there.
    let count: Int

    /// The samples of an uncompressed frame.
    ///
    /// - Parameter bytes: of a description that has a ``PixelDescription/pngShape`` and is not packed.
    init(_ bytes: UnsafeRawBufferPointer, _ description: PixelDescription) {
        self.bytes = bytes
        switch (description.sampleType, description.bitsAllocated) {
        case (.float, _): kind = .float
        case (.double, _): kind = .double
        case (_, 8): kind = .byte
        case (_, 16): kind = .word
        default: kind = .long
        }
        isBigEndian = description.isBigEndian
        width = description.columns
        height = description.rows
        samplesPerPixel = description.samplesPerPixel
        isPlanar = samplesPerPixel == 3 && description.planarConfiguration == 1
        bits = description.storedBits
        isSigned = description.isSigned
        count = min(bytes.count / kind.size, width * height * samplesPerPixel)
    }

    /// The samples of a decoded frame: of its own size, signed or not as the data set says. Their bits are those stored by the data set
    /// where the codestream has them: encoders often take all bits allocated.
    init(_ bytes: UnsafeRawBufferPointer, _ format: FrameFormat, _ description: PixelDescription) {
        self.bytes = bytes
        kind = format.bitsAllocated == 8 ? .byte : format.bitsAllocated == 16 ? .word : .long
        isBigEndian = false
        width = format.width
        height = format.height
        samplesPerPixel = format.samplesPerPixel
        isPlanar = false
        let stored = description.storedBits
        let isThere = format.bitsStored <= description.bitsAllocated && stored.shift + stored.count <= format.bitsStored
        bits = isThere ? stored : (format.bitsStored, 0)
        isSigned = description.isSigned
        count = min(bytes.count / kind.size, width * height * samplesPerPixel)
    }

    /// How many different words there can be.
    var words: Int { kind == .byte ? 1 << 8 : 1 << 16 }

    /// Whether a sample has at most 16 bits.
    var isNarrow: Bool { kind == .byte || kind == .word }

    /// Copies the samples of a row as they are, colours by pixel, as many as there is room for; 0 where there are none.
    ///
    /// - Parameter words: room for whole pixels.
    func copy(line: Int, to words: UnsafeMutableBufferPointer<UInt16>) {
        copy(line: line, to: words, zero: 0) { first, target, step, count in
            if kind == .byte {
                for place in 0..<count { target[place * step] = UInt16(bytes[first + place]) }
                return
            }
            for place in 0..<count {
                let word = bytes.loadUnaligned(fromByteOffset: (first + place) * 2, as: UInt16.self)
                target[place * step] = UInt16(littleEndian: word)
            }
            guard isBigEndian else { return }
            for place in 0..<count { target[place * step] = target[place * step].byteSwapped }
        }
    }

    /// Writes what a table has for the samples of a row, without a copy between; false when they do not lie there as numbers.
    func look(up table: UnsafePointer<UInt8>, line: Int, _ row: UnsafeMutableBufferPointer<UInt8>) -> Bool {
        let first = line * width
        guard samplesPerPixel == 1, !isBigEndian, isNarrow, line < height, row.count <= width,
            first + row.count <= count, let bytes = bytes.baseAddress,
            let row = row.baseAddress.map({ ($0, row.count) })
        else { return false }
        let start = bytes + first * kind.size
        if kind == .byte {
            let samples = start.assumingMemoryBound(to: UInt8.self)
            for column in 0..<row.1 { row.0[column] = table[Int(samples[column])] }
        } else {
            for column in 0..<row.1 {
                let word = start.loadUnaligned(fromByteOffset: column * 2, as: UInt16.self)
                row.0[column] = table[Int(UInt16(littleEndian: word))]
            }
        }
        return true
    }

    /// Copies the values of a row, of any kind of sample; else as the other.
    func copy(line: Int, to values: UnsafeMutableBufferPointer<Double>) {
        copy(line: line, to: values, zero: 0) { first, target, step, count in
            for place in 0..<count { target[place * step] = value(first + place) }
        }
    }

    /// The value of a word: its stored bits as a number.
    @inline(__always)
    func number(_ word: Int) -> Int {
        let stored = word >> bits.shift & (1 << bits.count - 1)
        return isSigned && stored >> (bits.count - 1) != 0 ? stored - 1 << bits.count : stored
    }

    private func value(_ place: Int) -> Double {
        let offset = place * kind.size
        switch kind {
        case .byte: return Double(number(Int(bytes[place])))
        case .word:
            let word = bytes.loadUnaligned(fromByteOffset: offset, as: UInt16.self)
            return Double(number(Int(isBigEndian ? UInt16(bigEndian: word) : UInt16(littleEndian: word))))
        case .long, .float:
            let raw = bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self)
            let word = isBigEndian ? UInt32(bigEndian: raw) : UInt32(littleEndian: raw)
            return kind == .float ? Double(Float(bitPattern: word)) : Double(number(Int(word)))
        case .double:
            let raw = bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
            return Double(bitPattern: isBigEndian ? UInt64(bigEndian: raw) : UInt64(littleEndian: raw))
        }
    }

    /// Copies a row by `read`, which gets runs of samples that lie one behind the other: the first one, where it goes, how far apart
    /// there they come to lie, and how many they are.
    @inline(__always)
    private func copy<Number>(
        line: Int, to numbers: UnsafeMutableBufferPointer<Number>, zero: Number,
        read: (_ first: Int, _ target: UnsafeMutablePointer<Number>, _ step: Int, _ count: Int) -> Void
    ) {
        guard let target = numbers.baseAddress else { return }
        let pixels = line < height ? min(width, numbers.count / samplesPerPixel) : 0
        if pixels * samplesPerPixel < numbers.count || count < width * height * samplesPerPixel {
            numbers.update(repeating: zero)
        }
        guard pixels > 0 else { return }
        if isPlanar {
            for plane in 0..<samplesPerPixel {
                let first = (plane * height + line) * width
                read(first, target + plane, samplesPerPixel, min(pixels, max(0, count - first)))
            }
        } else {
            let first = line * width * samplesPerPixel
            read(first, target, 1, min(pixels * samplesPerPixel, max(0, count - first)))
        }
    }
}
