import CFUSE
import Glibc
import Synchronization

/// A request that waits for its one answer: `fuse_req_t`. Dropped unanswered, it is EIO.
struct PendingRequest: ~Copyable {
    let request: fuse_req_t?
    let session: Session
    private var isAnswered = false

    init(request: fuse_req_t?, session: Session) {
        self.request = request
        self.session = session
    }

    deinit {
        guard !isAnswered else { return }
        session.counters.fail(EIO)
        fuse_reply_err(request, EIO)
    }

    consuming func answer(_ send: (fuse_req_t?) -> Void) {
        isAnswered = true
        send(request)
    }

    consuming func fail(_ code: Int32) {
        session.counters.fail(code)
        answer { fuse_reply_err($0, code) }
    }
}

/// The answer to LOOKUP. Dropped unanswered, it is EIO.
package struct EntryReply: ~Copyable {
    private let pending: PendingRequest

    init(_ pending: consuming PendingRequest) { self.pending = pending }

    /// The entry found.
    package consuming func found(_ attributes: Attributes) {
        var entry = pending.session.entry(attributes)
        pending.answer { fuse_reply_entry($0, &entry) }
    }

    /// An errno(3) code. ENOENT is not remembered by the kernel, so that a name may appear at any time.
    package consuming func fail(_ code: Int32) { pending.fail(code) }
}

/// The answer to GETATTR. Dropped unanswered, it is EIO.
package struct AttributesReply: ~Copyable {
    private let pending: PendingRequest

    init(_ pending: consuming PendingRequest) { self.pending = pending }

    /// The attributes.
    package consuming func found(_ attributes: Attributes) {
        var status = pending.session.options.ownership.status(of: attributes)
        let timeout = pending.session.timeout(attributes)
        pending.answer { fuse_reply_attr($0, &status, timeout) }
    }

    /// An errno(3) code.
    package consuming func fail(_ code: Int32) { pending.fail(code) }
}

/// The answer to READ. Dropped unanswered, it is EIO.
package struct DataReply: ~Copyable {
    private let pending: PendingRequest

    init(_ pending: consuming PendingRequest) { self.pending = pending }

    fileprivate var session: Session { pending.session }

    /// The bytes, which are read from where they are.
    package consuming func data(_ bytes: RawSpan) {
        // No closure may consume the reply.
        let piece = bytes.withUnsafeBytes { $0 }
        data([piece])
    }

    /// The bytes of these pieces one after the other, which are read from where they are before this returns.
    package consuming func data(_ pieces: [UnsafeRawBufferPointer]) {
        pending.session.counters.bytesDelivered.add(pieces.reduce(0) { $0 + $1.count })
        // IOV_MAX of writev(2), the header among them; with more libfuse leaves the request unanswered.
        let together = pieces.count < 1024 ? [] : pieces.flatMap { Array($0) }
        together.withUnsafeBytes { together in
            let parts = (together.isEmpty ? pieces : [together]).map {
                iovec(iov_base: UnsafeMutableRawPointer(mutating: $0.baseAddress), iov_len: $0.count)
            }
            _ = fuse_reply_iov(pending.request, parts, Int32(parts.count))
        }
        pending.answer { _ in }
    }

    /// An errno(3) code.
    package consuming func fail(_ code: Int32) { pending.fail(code) }
}

/// The answer to READ, given later and from any thread. Dropped unanswered, it is EIO. A session ends when all have been given.
package final class DeferredReply: @unchecked Sendable {
    private var reply: DataReply?
    private let session: Session

    package init(_ reply: consuming DataReply) {
        session = reply.session
        self.reply = consume reply
        session.deferredReplies.wrappingAdd(1, ordering: .relaxed)
    }

    deinit {
        // Answered first: what ends then ends the connection.
        reply = nil
        session.deferredReplies.wrappingSubtract(1, ordering: .releasing)
    }

    /// The reply, once; nil when it has been taken. By one thread at a time.
    package func take() -> DataReply? { reply.take() }
}

/// The answer to STATFS. Dropped unanswered, it is EIO.
package struct StatisticsReply: ~Copyable {
    private let pending: PendingRequest

    init(_ pending: consuming PendingRequest) { self.pending = pending }

    /// The statistics.
    package consuming func found(_ statistics: SpaceStatistics) {
        var status = statistics.status
        pending.answer { fuse_reply_statfs($0, &status) }
    }

    /// An errno(3) code.
    package consuming func fail(_ code: Int32) { pending.fail(code) }
}
