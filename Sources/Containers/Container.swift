import CArchive

/// A file that holds other files, one after another: zip, tar in any compression, 7z, or one compressed file (libarchive(3)).
/// Used by one thread.
///
/// Nothing is unpacked to a disk: the bytes of a member come in pieces when they are asked for.
package final class Container {
    /// A file within.
    package struct Member: Sendable {
        /// Its path within; where the bytes are no UTF-8, with replacement characters.
        package let name: String
        /// Whether it is a regular file, and no folder or link.
        package let isFile: Bool
        /// Whether it can only be read with a password.
        package let isEncrypted: Bool
    }

    /// Why no more can be read, in a sentence.
    package struct Failure: Error, CustomStringConvertible {
        package let description: String
    }

    /// So many bytes of a file, or all there are, tell whether it is a container.
    package static let bytesToRecognize = 512

    private let archive: OpaquePointer
    private let gzip: GzipFile?
    /// The most filters that libarchive may find, its own end of the chain counted.
    private let mostFilters: Int32
    private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 256 << 10, alignment: 16)

    /// Whether a file begins as a container does.
    package static func isContainer(_ beginning: RawSpan) -> Bool {
        let magic: [(Int, [UInt8])] = [
            // zip, and an empty one; gzip, bzip2, xz, zstd, 7z; tar (POSIX.1 ustar, GNU).
            (0, [0x50, 0x4B, 3, 4]), (0, [0x50, 0x4B, 5, 6]), (0, [0x1F, 0x8B, 8]), (0, Array("BZh".utf8)),
            (0, [0xFD, 0x37, 0x7A, 0x58, 0x5A, 0]), (0, [0x28, 0xB5, 0x2F, 0xFD]),
            (0, [0x37, 0x7A, 0xBC, 0xAF, 0x27, 0x1C]), (257, Array("ustar".utf8)),
        ]
        return beginning.withUnsafeBytes { bytes in
            func has(_ offset: Int, _ magic: [UInt8]) -> Bool {
                bytes.count >= offset + magic.count && bytes[offset..<offset + magic.count].elementsEqual(magic)
            }
            // A Part 10 file may begin with any 128 bytes (PS3.10 7.1).
            return !has(128, Array("DICM".utf8)) && magic.contains(where: has)
        }
    }

    /// The container in an open file, read from its position on; not closed.
    package init(_ file: Int32) throws(Failure) {
        guard let made = archive_read_new() else { throw Failure(description: "out of memory") }
        archive = made
        let isGzip = GzipFile.isOne(file)
        gzip = isGzip ? GzipFile(file) : nil
        mostFilters = isGzip ? 1 : 2
        // Not all that libarchive has: some start other programs.
        archive_read_support_filter_bzip2(archive)
        archive_read_support_filter_xz(archive)
        archive_read_support_filter_zstd(archive)
        archive_read_support_format_zip(archive)
        archive_read_support_format_tar(archive)
        archive_read_support_format_7zip(archive)
        archive_read_support_format_raw(archive)
        guard gzip != nil || mostFilters == 2, open(file) == ARCHIVE_OK else { throw failure }
    }

    private func open(_ file: Int32) -> Int32 {
        guard let gzip else { return archive_read_open_fd(archive, file, 256 << 10) }
        let source = Unmanaged.passUnretained(gzip).toOpaque()
        return archive_read_open(
            archive, source, nil,
            { _, source, buffer in
                guard let source, let bytes = Unmanaged<GzipFile>.fromOpaque(source).takeUnretainedValue().next() else {
                    return Int(ARCHIVE_FATAL)
                }
                buffer?.pointee = bytes.baseAddress
                return bytes.count
            }, nil)
    }

    deinit {
        archive_read_free(archive)
        buffer.deallocate()
    }

    /// The next member; nil when there is none. What was not read of the one before is passed over.
    package func next() throws(Failure) -> Member? {
        var entry: OpaquePointer?
        switch archive_read_next_header(archive, &entry) {
        case ARCHIVE_EOF:
            gzip?.finish()
            if gzip?.failure != nil { throw failure }
            return nil
        case ARCHIVE_OK, ARCHIVE_WARN: break
        default: throw failure
        }
        guard archive_filter_count(archive) <= mostFilters else {
            throw Failure(description: "it is compressed more than once; unpack it first")
        }
        let name = archive_entry_pathname(entry).map { String(cString: $0) } ?? "?"
        // AE_IFREG of archive_entry.h, which is a cast.
        let isFile = archive_entry_filetype(entry) & 0o170000 == 0o100000
        return Member(name: name, isFile: isFile, isEncrypted: archive_entry_is_encrypted(entry) != 0)
    }

    /// Calls `body` with the bytes of the member that came last.
    ///
    /// - Throws: ``Failure`` when they cannot be read, or what `body` throws.
    package func read(_ body: (RawSpan) throws -> Void) throws {
        while true {
            let count = archive_read_data(archive, buffer.baseAddress, buffer.count)
            if count == 0 { return }
            guard count > 0 else { throw failure }
            try body(UnsafeRawBufferPointer(rebasing: buffer[..<count]).bytes)
        }
    }

    private var failure: Failure {
        let reason = gzip?.failure ?? archive_error_string(archive).map { String(cString: $0) }
        return Failure(description: reason ?? "it cannot be read")
    }
}
