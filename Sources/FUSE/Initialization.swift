import CFUSE

/// The kernel's first request, FUSE_INIT, as it came: `fuse_in_header` and `fuse_init_in`.
package struct Initialization: Sendable {
    /// The request.
    package let bytes: [UInt8]
    /// `flags` and `flags2`: what the kernel can do.
    let flags: UInt64

    /// Look-ups and listings of one directory may come at the same time: FUSE_PARALLEL_DIROPS.
    static let parallelDirectoryOperations: UInt64 = 1 << 18
    /// Requests that a process took and never answered can be had again: FUSE_HAS_RESEND, Linux 6.9.
    static let resend: UInt64 = 1 << 39

    var canResend: Bool { flags & Self.resend != 0 }

    /// Nil when it is none.
    package init?(_ bytes: UnsafeRawBufferPointer) {
        let start = MemoryLayout<fuse_in_header>.size
        guard bytes.count >= start + 16, bytes.loadUnaligned(fromByteOffset: 4, as: UInt32.self) == FUSE_INIT.rawValue
        else {
            return nil
        }
        self.bytes = Array(bytes)
        var flags = UInt64(bytes.loadUnaligned(fromByteOffset: start + 12, as: UInt32.self))
        // FUSE_INIT_EXT: flags2 is there.
        if flags & 1 << 30 != 0, bytes.count >= start + 20 {
            flags |= UInt64(bytes.loadUnaligned(fromByteOffset: start + 16, as: UInt32.self)) << 32
        }
        self.flags = flags
    }

    /// Adds a capability to the answer that libfuse 3.14 never asks for (3.17.1 does).
    static func complete(_ answer: iovec, offered: UInt64) {
        let place = 12  // `flags` of fuse_init_out: after major, minor and max_readahead
        guard answer.iov_len >= place + 4, let start = answer.iov_base else { return }
        let flags = start.loadUnaligned(fromByteOffset: place, as: UInt32.self)
        let more = UInt32(truncatingIfNeeded: offered & parallelDirectoryOperations)
        start.storeBytes(of: flags | more, toByteOffset: place, as: UInt32.self)
    }
}
