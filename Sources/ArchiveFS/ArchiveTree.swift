package import DICOMArchive
package import FUSE
import Glibc

/// The archive as a read-only tree: Patient/Study/Series/instance.dcm, with .png and .frames beside it.
///
/// Stateless: every request is answered from the archive's rows, so node ids survive restarts and memory does not grow
/// with what was looked at. Usable from any thread.
package final class ArchiveTree: FileSystem {
    let archive: Archive
    let options: TreeOptions
    let held: HeldDirectories
    private let images: ImageReads

    /// The tree of an archive.
    ///
    /// - Parameters:
    ///   - options: what it shows.
    ///   - isInherited: whether the mount was served by another process before, so that the kernel may hold anything.
    package init(_ archive: Archive, _ options: TreeOptions = TreeOptions(), isInherited: Bool = false) {
        self.archive = archive
        self.options = options
        held = HeldDirectories(isInherited: isInherited)
        images = ImageReads(archive, isRaw: options.images == .raw16)
        if options.images != .off { images.prepare() }
    }

    package func lookUp(_ name: String, in parent: UInt64, _ reply: consuming EntryReply) {
        var reply: EntryReply? = reply
        answer({ reply.take()?.fail($0) }) {
            guard let found = try find(name, in: NodeID(rawValue: parent)) else { throw ErrorNumber(ENOENT) }
            reply.take()?.found(found)
        }
    }

    package func attributes(of node: UInt64, _ reply: consuming AttributesReply) {
        var reply: AttributesReply? = reply
        answer({ reply.take()?.fail($0) }) {
            guard let found = try attributes(of: NodeID(rawValue: node)) else { throw ErrorNumber(ESTALE) }
            reply.take()?.found(found)
        }
    }

    package func read(_ node: UInt64, _ range: Range<Int>, _ reply: consuming DataReply) {
        let node = NodeID(rawValue: node)
        if node.kind == .png || node.kind == .frame { return images.read(node, range, reply) }
        var reply: DataReply? = reply
        answer({ reply.take()?.fail($0) }) { try withPieces(of: node, range) { reply.take()?.data($0) } }
    }

    package func statistics(_ reply: consuming StatisticsReply) {
        var space = statvfs()
        guard statvfs(archive.folder.path, &space) == 0 else { return reply.fail(errno) }
        let unit = UInt64(space.f_frsize)
        reply.found(
            SpaceStatistics(
                totalBytes: UInt64(space.f_blocks) &* unit, freeBytes: UInt64(space.f_bavail) &* unit,
                files: archive.estimatedInstances))
    }

    /// Runs what may fail, and answers its failure.
    func answer(_ fail: (Int32) -> Void, _ body: () throws -> Void) {
        do { try body() } catch { fail(ErrorNumber(error).code) }
    }

    /// Calls `body` once with the bytes of a file in a range, as the pieces they lie in.
    private func withPieces(
        of node: NodeID, _ range: Range<Int>, _ body: ([UnsafeRawBufferPointer]) -> Void
    ) throws {
        func piece(of bytes: [UInt8]) {
            bytes.withUnsafeBytes { body([UnsafeRawBufferPointer(rebasing: $0[range.clamped(to: 0..<$0.count)])]) }
        }
        switch node.original.kind {
        case .dicom:
            guard let file = try archive.file(node) else { throw ErrorNumber(ESTALE) }
            try file.withPieces(range, from: archive.store, body)
        case .document:
            guard let file = try archive.file(node.of(.dicom)) else { throw ErrorNumber(ESTALE) }
            try file.withDocumentPieces(range, from: archive.store, body)
        case .json:
            guard let json = try archive.json(node) else { throw ErrorNumber(ESTALE) }
            piece(of: json)
        case .fixed, .patient, .study, .series, .frames, .datePart, .idPart: throw ErrorNumber(EISDIR)
        default: throw ErrorNumber(ESTALE)
        }
    }
}

/// An errno(3) code thrown within the tree.
struct ErrorNumber: Error {
    let code: Int32

    init(_ code: Int32) { self.code = code }

    /// What a failure beneath the tree is to a program that reads files.
    init(_ error: any Error) {
        switch error {
        case let error as ErrorNumber: code = error.code
        case let error as ArchiveError where error.code == .notFound: code = ESTALE
        // A header too long to be made JSON of.
        case let error as ArchiveError where error.code == .refused: code = EFBIG
        default: code = EIO
        }
    }
}
