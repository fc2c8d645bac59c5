import Glibc

/// Text of one coded character set turned into UTF-8 by iconv(3).
enum CodedText {
    /// The text; bytes that are invalid in the set are dropped, as all of them but ASCII are when iconv does not know it.
    static func decode(_ bytes: some Collection<UInt8>, from charset: String) -> String {
        let source = Array(bytes)
        guard let converter = iconv_open("UTF-8", charset), converter != iconv_t(bitPattern: -1) else {
            return String(decoding: source.filter { $0 < 0x80 }, as: UTF8.self)
        }
        defer { iconv_close(converter) }
        var output: [UInt8] = []
        output.reserveCapacity(2 * source.count)
        source.withUnsafeBytes { input in
            withUnsafeTemporaryAllocation(of: CChar.self, capacity: 1024) { piece in
                var next = UnsafeMutablePointer(
                    mutating: input.baseAddress?.assumingMemoryBound(to: CChar.self))
                var left = input.count
                while left > 0 {
                    var write = piece.baseAddress
                    var room = piece.count
                    let result = iconv(converter, &next, &left, &write, &room)
                    let error = errno
                    output.append(contentsOf: UnsafeRawBufferPointer(piece)[..<(piece.count - room)])
                    guard result == Int(bitPattern: UInt.max) || result < 0, left > 0 else { continue }
                    switch error {
                    case E2BIG where room < piece.count: continue
                    case EILSEQ:
                        next = next.map { $0 + 1 }
                        left -= 1
                    default: left = 0  // EINVAL: the last character is incomplete
                    }
                }
            }
        }
        return String(decoding: output, as: UTF8.self)
    }
}

extension CodedText {
    /// Takes text from UTF-8 to one coded character set by iconv(3). Used by one thread.
    final class Encoder {
        private let converter: iconv_t

        /// Nil when iconv does not know the set.
        init?(_ charset: String) {
            guard let converter = iconv_open(charset, "UTF-8"), converter != iconv_t(bitPattern: -1) else { return nil }
            self.converter = converter
        }

        deinit { iconv_close(converter) }

        /// The bytes of a text; nil when the set lacks a character of it.
        func encode(_ text: [UInt8]) -> [UInt8]? {
            // No set has more than four bytes for what has one in UTF-8.
            var room = 4 * text.count + 16
            let capacity = room
            var isWhole = false
            let output = [UInt8](unsafeUninitializedCapacity: capacity) { output, count in
                text.withUnsafeBytes { input in
                    var next = UnsafeMutablePointer(mutating: input.baseAddress?.assumingMemoryBound(to: CChar.self))
                    var left = input.count
                    var write = UnsafeMutableRawPointer(output.baseAddress)?.assumingMemoryBound(to: CChar.self)
                    // Characters that are only like those of the text count as such: none may be.
                    isWhole = iconv(converter, &next, &left, &write, &room) == 0 && left == 0
                }
                count = capacity - room
            }
            if !isWhole { _ = iconv(converter, nil, nil, nil, nil) }
            return isWhole ? output : nil
        }
    }
}
