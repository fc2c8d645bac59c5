import CFUSE
import Glibc

/// libfuse's `fuse_session` over a descriptor of /dev/fuse: the one place that makes and ends it.
///
/// Not for concurrent use, but that libfuse's own loop may run while another thread tells it to exit.
final class Device: @unchecked Sendable {
    /// `fuse_session`.
    let handle: OpaquePointer
    private let context: DeviceContext

    /// A session without a connection yet.
    init(_ options: Session.Options) throws(MountError) {
        Log.install()
        // libfuse separates options by commas and takes `\,` for one within.
        let name = String(options.name.flatMap { $0 == "," || $0 == "\\" ? ["\\", $0] : [$0] })
        var list = "ro,default_permissions,fsname=\(name),subtype=\(options.subtype)"
        if options.allowOther { list += ",allow_other" }
        let arguments = ["dicomfs", "-o", list]
        var pointers = arguments.map { strdup($0) }
        defer { for pointer in pointers { free(pointer) } }
        var operations = Operations.table
        let context = DeviceContext(readAhead: options.readAhead)
        let made = pointers.withUnsafeMutableBufferPointer { pointers in
            var arguments = fuse_args(argc: 3, argv: pointers.baseAddress, allocated: 0)
            defer { fuse_opt_free_args(&arguments) }
            return fuse_session_new(
                &arguments, &operations, MemoryLayout<fuse_lowlevel_ops>.size,
                Unmanaged.passUnretained(context).toOpaque())
        }
        guard let made else {
            let reason = Log.takeLast() ?? "libfuse failed"
            throw MountError(.failed, "cannot prepare a mount: \(reason)")
        }
        handle = made
        self.context = context
    }

    /// Closes the descriptor, if that is still to be done.
    deinit { fuse_session_destroy(handle) }

    /// Closes the descriptor, in place of which comes one that reaches nothing: requests under way fail if no process has
    /// another. After the loop has ended.
    func disconnect() {
        let nothing = open("/dev/null", O_RDWR | O_CLOEXEC)
        guard nothing >= 0 else { return }
        dup2(nothing, fuse_session_fd(handle))
        _ = fcntl(fuse_session_fd(handle), F_SETFD, FD_CLOEXEC)
        close(nothing)
    }

    /// Whose requests the callbacks are told. It must outlive the session's loop.
    func serve(_ session: Session) { context.session = session }

    /// Answers the kernel's first request on the descriptor that libfuse has mounted; what the kernel asked.
    func answerInitialization() throws(MountError) -> Initialization {
        try take(fuse_session_fd(handle))
        var buffer = fuse_buf()
        defer { free(buffer.mem) }
        var size: Int32 = 0
        repeat { size = fuse_session_receive_buf(handle, &buffer) } while size == -EINTR
        guard size > 0,
            let request = Initialization(UnsafeRawBufferPointer(start: buffer.mem, count: Int(size)))
        else {
            let reason = size < 0 ? String(cString: strerror(-size)) : "it is none"
            throw MountError(.failed, "the kernel's first request cannot be read: \(reason)")
        }
        context.writing = .answerOfInitialization(offered: request.flags)
        fuse_session_process_buf(handle, &buffer)
        return request
    }

    /// Takes over a connection whose initialization another session has answered: libfuse is shown the same request, and
    /// what it answers is not sent.
    func adopt(_ connection: Connection) throws(MountError) {
        try take(connection.descriptor)
        context.writing = .nothing
        var request = connection.initialization.bytes
        request.withUnsafeMutableBytes {
            var buffer = fuse_buf()
            buffer.mem = $0.baseAddress
            buffer.size = $0.count
            fuse_session_process_buf(handle, &buffer)
        }
        context.writing = .everything
    }

    private func take(_ descriptor: Int32) throws(MountError) {
        var io = fuse_custom_io()
        io.read = dicomfs_device_read
        io.writev = write
        guard fuse_session_custom_io(handle, &io, descriptor) == 0 else {
            throw MountError(.failed, "libfuse cannot take the connection to the kernel")
        }
    }

    /// What libfuse hands to each callback of a request.
    static func context(_ pointer: UnsafeMutableRawPointer?) -> DeviceContext? {
        pointer.map { Unmanaged<DeviceContext>.fromOpaque($0).takeUnretainedValue() }
    }
}

/// What libfuse hands to each callback: the way back to the session.
final class DeviceContext: @unchecked Sendable {
    /// What of libfuse's answers goes to the kernel.
    enum Writing {
        case everything
        case answerOfInitialization(offered: UInt64)
        case nothing
    }

    /// KiB the kernel is to read ahead.
    let readAhead: Int
    /// Set before the loop runs.
    var writing = Writing.everything
    /// Set before the loop runs, gone only after it has ended.
    unowned(unsafe) var session: Session?

    init(readAhead: Int) { self.readAhead = readAhead }
}

/// writev(2) to the kernel.
private func write(
    _ device: Int32, _ parts: UnsafeMutablePointer<iovec>?, _ count: Int32, _ context: UnsafeMutableRawPointer?
) -> Int {
    let parts = UnsafeMutableBufferPointer(start: parts, count: Int(count))
    switch Device.context(context)?.writing {
    case .nothing: return parts.reduce(0) { $0 + $1.iov_len }
    case .answerOfInitialization(let offered) where parts.count > 1: Initialization.complete(parts[1], offered: offered)
    default: break
    }
    return writev(device, parts.baseAddress, count)
}
