import ContentStore
import Hashing

/// Walks over all rows that take long: a new cursor for each page, so that what is deleted meanwhile can go from the disk.
extension Archive {
    private static let page = 1024

    /// Calls `body` with the rows `from <= key < upTo` in key order.
    func rowPages(
        _ family: RowFamily, from: [UInt8], upTo: [UInt8]?, _ body: (RawSpan, RawSpan) throws -> Void
    ) throws {
        var next = from
        var count = Self.page
        while count == Self.page {
            count = 0
            try store.engine.scan(family, from: next, upTo: upTo) { key, value in
                count += 1
                // The first key after it.
                if count == Self.page { next = key.withUnsafeBytes { Array($0) } + [0] }
                try body(key, value)
                return count < Self.page
            }
        }
    }

    /// Calls `body` with the digest and length of every stored chunk in digest order; the length is nil when its row is
    /// damaged.
    func chunkPages(_ body: (SHA256Digest, UInt64?) throws -> Void) throws {
        var last: SHA256Digest?
        var page: [(SHA256Digest, UInt64?)] = []
        repeat {
            page.removeAll(keepingCapacity: true)
            try store.engine.scanChunks(from: last) { digest, length in
                if digest != last { page.append((digest, length)) }
                return page.count < Self.page
            }
            last = page.last?.0
            // Reading chunks takes long: not under the cursor.
            for (digest, length) in page { try body(digest, length) }
        } while page.count == Self.page
    }
}
