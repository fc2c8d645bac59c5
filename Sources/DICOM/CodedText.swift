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
