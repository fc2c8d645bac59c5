import CFUSE
import Glibc
import Synchronization

/// Tells the kernel that what it has cached of a mount is no longer true.
///
/// From any thread that serves no request: a notification can wait for look-ups that are under way in its directory. After
/// the session ended it does nothing.
package final class Notifier: Sendable {
    private struct State {
        nonisolated(unsafe) var handle: OpaquePointer?
        var running = 0
    }

    private let state: Mutex<State>
    /// How many notifications were sent.
    package let sent = Counter()

    init(handle: OpaquePointer) { state = Mutex(State(handle: handle)) }

    /// A name in a directory went, or stands for another node: the kernel asks again. Waits for look-ups and listings of
    /// the directory that are under way.
    package func invalidateEntry(_ name: String, in parent: UInt64) {
        notify { fuse_lowlevel_notify_inval_entry($0, parent, name, name.utf8.count) }
    }

    /// Waits until the kernel has taken the answers to all look-ups and listings of a directory that are under way.
    ///
    /// Every notification of an entry takes the directory's lock, which those hold. The name is one that no entry has.
    package func waitForRequests(in directory: UInt64) { invalidateEntry("-", in: directory) }

    /// A node's attributes and contents, or of a directory its listing, are to be asked for again.
    ///
    /// - Returns: whether the kernel had anything of it.
    @discardableResult
    package func invalidate(_ node: UInt64) -> Bool {
        notify { fuse_lowlevel_notify_inval_inode($0, node, 0, 0) }
    }

    /// All names are to be looked up again, with FUSE_NOTIFY_INC_EPOCH: before Linux 6.16 nothing happens. The kernel lets go
    /// of what it has cached of files that no one uses. It keeps the listings of directories in use, the root's among them:
    /// those are left to ``invalidate(_:)``.
    package func forgetAllNames() { notify { Self.send(8, to: $0) } }

    /// Requests that an earlier session took and did not answer come again: FUSE_NOTIFY_RESEND, Linux 6.9.
    func resendRequests() { notify { Self.send(7, to: $0) } }

    /// Notifications of a code only, which libfuse 3.14 does not have: a `fuse_out_header`.
    private static func send(_ code: Int32, to handle: OpaquePointer) -> Int32 {
        var header = fuse_out_header(len: UInt32(MemoryLayout<fuse_out_header>.size), error: code, unique: 0)
        return write(fuse_session_fd(handle), &header, Int(header.len)) < 0 ? -errno : 0
    }

    /// From now on nothing is told; returns when nothing is being told.
    func close() {
        state.withLock { $0.handle = nil }
        while state.withLock({ $0.running > 0 }) { usleep(1000) }
    }

    @discardableResult
    private func notify(_ body: (OpaquePointer) -> Int32) -> Bool {
        let handle = state.withLock { state in
            if state.handle != nil { state.running += 1 }
            return SendableHandle(state.handle)
        }
        guard let handle = handle.pointer else { return false }
        sent.add()
        // ENOENT: the kernel has nothing of it. Any other failure means that the mount is going.
        let code = body(handle)
        state.withLock { $0.running -= 1 }
        return code == 0
    }
}

/// The handle on its way out of the lock: valid as long as `running` counts it.
private struct SendableHandle: @unchecked Sendable {
    let pointer: OpaquePointer?

    init(_ pointer: OpaquePointer?) { self.pointer = pointer }
}
