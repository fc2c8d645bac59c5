import CFUSE
import Glibc

/// The callbacks libfuse calls from its own threads: each turns its context back into the session and asks the file system.
///
/// They are nonisolated functions: a closure of an actor's would die there.
enum Operations {
    static var table: fuse_lowlevel_ops {
        var table = fuse_lowlevel_ops()
        table.`init` = initialize
        table.lookup = lookUp
        table.getattr = getAttributes
        table.open = refuseOpen
        table.opendir = refuseOpen
        table.read = read
        table.readdir = readDirectory
        table.readdirplus = readDirectoryPlus
        table.statfs = statistics
        table.forget = forget
        table.forget_multi = forgetMulti
        return table
    }
}

private func initialize(_ context: UnsafeMutableRawPointer?, _ connection: UnsafeMutablePointer<fuse_conn_info>?) {
    guard let connection else { return }
    if let context = Device.context(context) {
        // The kernel takes the lesser of this and what the mount has: `Mount.raiseReadAhead`.
        connection.pointee.max_readahead = UInt32(clamping: context.readAhead * 1024)
    }
    func want(_ capability: Int32) {
        if connection.pointee.capable & UInt32(capability) != 0 { connection.pointee.want |= UInt32(capability) }
    }
    func refuse(_ capability: Int32) { connection.pointee.want &= ~UInt32(capability) }
    // Files are read without OPEN and directories without OPENDIR, so a warm open(2) never leaves the kernel.
    want(FUSE_CAP_NO_OPEN_SUPPORT)
    want(FUSE_CAP_NO_OPENDIR_SUPPORT)
    want(FUSE_CAP_EXPORT_SUPPORT)
    // Attributes always come with a listing: with AUTO, `ls` then `ls -l` asks for each entry.
    want(FUSE_CAP_READDIRPLUS)
    refuse(FUSE_CAP_READDIRPLUS_AUTO)
    // The bytes of a node never change: nothing to invalidate by itself.
    refuse(FUSE_CAP_AUTO_INVAL_DATA)
}

/// The session a request belongs to.
private func session(_ request: fuse_req_t?) -> Session? {
    Device.context(fuse_req_userdata(request))?.session
}

private func lookUp(_ request: fuse_req_t?, _ parent: fuse_ino_t, _ name: UnsafePointer<CChar>?) {
    guard let session = session(request), let name else { return _ = fuse_reply_err(request, EIO) }
    session.counters.lookUps.add()
    let reply = EntryReply(PendingRequest(request: request, session: session))
    // The kernel does not see to this, and takes 1024 bytes and more.
    guard strlen(name) <= Int(NAME_MAX) else { return reply.fail(ENAMETOOLONG) }
    // A name that is not UTF-8 is none of ours.
    guard let name = String(validatingCString: name) else { return reply.fail(ENOENT) }
    session.fileSystem.lookUp(name, in: parent, reply)
}

private func getAttributes(_ request: fuse_req_t?, _ node: fuse_ino_t, _: UnsafeMutablePointer<fuse_file_info>?) {
    guard let session = session(request) else { return _ = fuse_reply_err(request, EIO) }
    session.counters.attributes.add()
    session.fileSystem.attributes(
        of: node, AttributesReply(PendingRequest(request: request, session: session)))
}

/// ENOSYS, once: from then on the kernel opens without asking, and keeps what it has cached.
private func refuseOpen(_ request: fuse_req_t?, _: fuse_ino_t, _: UnsafeMutablePointer<fuse_file_info>?) {
    session(request)?.counters.opens.add()
    fuse_reply_err(request, ENOSYS)
}

private func read(
    _ request: fuse_req_t?, _ node: fuse_ino_t, _ size: Int, _ offset: off_t, _: UnsafeMutablePointer<fuse_file_info>?
) {
    guard let session = session(request) else { return _ = fuse_reply_err(request, EIO) }
    session.counters.reads.add()
    let reply = DataReply(PendingRequest(request: request, session: session))
    let (end, isTooFar) = offset.addingReportingOverflow(size)
    guard offset >= 0, size >= 0, !isTooFar else { return reply.fail(EINVAL) }
    session.fileSystem.read(node, offset..<end, reply)
}

private func readDirectory(
    _ request: fuse_req_t?, _ node: fuse_ino_t, _ size: Int, _ cookie: off_t, _: UnsafeMutablePointer<fuse_file_info>?
) {
    list(request, node, size, cookie, withAttributes: false)
}

private func readDirectoryPlus(
    _ request: fuse_req_t?, _ node: fuse_ino_t, _ size: Int, _ cookie: off_t, _: UnsafeMutablePointer<fuse_file_info>?
) {
    list(request, node, size, cookie, withAttributes: true)
}

private func list(_ request: fuse_req_t?, _ node: fuse_ino_t, _ size: Int, _ cookie: off_t, withAttributes: Bool) {
    guard let session = session(request) else { return _ = fuse_reply_err(request, EIO) }
    (withAttributes ? session.counters.directoriesPlus : session.counters.directories).add()
    let reply = DirectoryReply(
        PendingRequest(request: request, session: session), capacity: size, withAttributes: withAttributes)
    session.fileSystem.readDirectory(node, after: UInt64(max(0, cookie)), reply)
}

private func statistics(_ request: fuse_req_t?, _: fuse_ino_t) {
    guard let session = session(request) else { return _ = fuse_reply_err(request, EIO) }
    session.counters.statistics.add()
    session.fileSystem.statistics(StatisticsReply(PendingRequest(request: request, session: session)))
}

/// Nothing is remembered, so nothing is forgotten.
private func forget(_ request: fuse_req_t?, _: fuse_ino_t, _: UInt64) {
    session(request)?.counters.forgets.add()
    fuse_reply_none(request)
}

private func forgetMulti(_ request: fuse_req_t?, _ count: Int, _: UnsafeMutablePointer<fuse_forget_data>?) {
    session(request)?.counters.forgets.add(count)
    fuse_reply_none(request)
}
