import CFUSE
import Glibc

/// What all replies share: the request that waits, and who owns the nodes.
struct PendingRequest {
    let request: fuse_req_t?
    let session: Session

    func fail(_ code: Int32) { fuse_reply_err(request, code) }
}

/// The answer to LOOKUP. Dropped unanswered, it is EIO.
package struct EntryReply: ~Copyable {
    private let pending: PendingRequest
    private var isAnswered = false

    init(_ pending: PendingRequest) { self.pending = pending }

    deinit { if !isAnswered { pending.fail(EIO) } }

    /// The entry found.
    package consuming func found(_ attributes: Attributes) {
        isAnswered = true
        var entry = pending.session.entry(attributes)
        fuse_reply_entry(pending.request, &entry)
    }

    /// An errno(3) code. ENOENT is not remembered by the kernel, so that a name may appear at any time.
    package consuming func fail(_ code: Int32) {
        isAnswered = true
        pending.fail(code)
    }
}

/// The answer to GETATTR. Dropped unanswered, it is EIO.
package struct AttributesReply: ~Copyable {
    private let pending: PendingRequest
    private var isAnswered = false

    init(_ pending: PendingRequest) { self.pending = pending }

    deinit { if !isAnswered { pending.fail(EIO) } }

    /// The attributes.
    package consuming func found(_ attributes: Attributes) {
        isAnswered = true
        var status = pending.session.options.ownership.status(of: attributes)
        fuse_reply_attr(pending.request, &status, pending.session.timeout(attributes))
    }

    /// An errno(3) code.
    package consuming func fail(_ code: Int32) {
        isAnswered = true
        pending.fail(code)
    }
}

/// The answer to READ. Dropped unanswered, it is EIO.
package struct DataReply: ~Copyable {
    private let pending: PendingRequest
    private var isAnswered = false

    init(_ pending: PendingRequest) { self.pending = pending }

    deinit { if !isAnswered { pending.fail(EIO) } }

    /// The bytes, which are read from where they are.
    package consuming func data(_ bytes: RawSpan) {
        isAnswered = true
        pending.session.counters.bytesDelivered.add(bytes.byteCount)
        bytes.withUnsafeBytes { bytes in
            let start = bytes.baseAddress?.assumingMemoryBound(to: CChar.self)
            fuse_reply_buf(pending.request, start, bytes.count)
        }
    }

    /// An errno(3) code.
    package consuming func fail(_ code: Int32) {
        isAnswered = true
        pending.fail(code)
    }
}

/// The answer to STATFS. Dropped unanswered, it is EIO.
package struct StatisticsReply: ~Copyable {
    private let pending: PendingRequest
    private var isAnswered = false

    init(_ pending: PendingRequest) { self.pending = pending }

    deinit { if !isAnswered { pending.fail(EIO) } }

    /// The statistics.
    package consuming func found(_ statistics: SpaceStatistics) {
        isAnswered = true
        var status = statistics.status
        fuse_reply_statfs(pending.request, &status)
    }

    /// An errno(3) code.
    package consuming func fail(_ code: Int32) {
        isAnswered = true
        pending.fail(code)
    }
}
