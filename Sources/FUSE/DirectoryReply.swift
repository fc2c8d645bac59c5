import CFUSE
import Glibc

/// The answer to READDIRPLUS (or READDIR): entries until it is full. Dropped unsent, it is EIO.
package struct DirectoryReply: ~Copyable {
    private let pending: PendingRequest
    private let withAttributes: Bool
    private var buffer: [CChar]
    private var used = 0
    private var count = 0

    init(_ pending: consuming PendingRequest, capacity: Int, withAttributes: Bool) {
        self.pending = pending
        self.withAttributes = withAttributes
        buffer = [CChar](repeating: 0, count: capacity)
    }

    /// Adds an entry; false when it does not fit, and the reply is to be sent.
    ///
    /// - Parameters:
    ///   - name: neither empty nor with a slash, or the kernel fails the whole listing.
    ///   - cookie: where a later request goes on after this entry; bit 63 clear.
    ///   - isKnown: whether the kernel keeps the entry's attributes, and so an inode in memory. Without, only the name,
    ///     type and inode number are given.
    package mutating func add(
        _ name: String, _ attributes: Attributes, cookie: UInt64, isKnown: Bool = true
    ) -> Bool {
        let rest = buffer.count - used
        let size = buffer.withUnsafeMutableBufferPointer { [used] buffer in
            let start = buffer.baseAddress?.advanced(by: used)
            if withAttributes {
                var entry = pending.session.entry(attributes)
                if !isKnown { entry.ino = 0 }
                return fuse_add_direntry_plus(pending.request, start, rest, name, &entry, off_t(cookie))
            }
            var status = pending.session.options.ownership.status(of: attributes)
            return fuse_add_direntry(pending.request, start, rest, name, &status, off_t(cookie))
        }
        guard size <= rest else { return false }
        used += size
        count += 1
        return true
    }

    /// Sends the entries added; none means that the directory has no more.
    package consuming func send() {
        let (buffer, used) = (buffer, used)
        pending.session.counters.entries.add(count)
        pending.answer { fuse_reply_buf($0, buffer, used) }
    }

    /// An errno(3) code instead of the entries.
    package consuming func fail(_ code: Int32) { pending.fail(code) }
}
