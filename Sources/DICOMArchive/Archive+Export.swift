import DICOM
import Glibc

extension Archive {
    /// Writes the file of a `.dcm` node to an open file, from its position on.
    ///
    /// - Throws: ``ArchiveError/Code/damaged`` when a chunk cannot be read: what was written must then be thrown away.
    package func write(_ node: NodeID, to descriptor: Int32, name: String) throws(ArchiveError) {
        guard let file = try file(node) else { throw ArchiveError(.notFound, "\(name): deleted meanwhile") }
        do {
            try file.read(0..<file.size, from: store) { bytes in
                try bytes.withUnsafeBytes { try writeAll($0, to: descriptor, name: name) }
            }
        } catch {
            throw ArchiveError(error)
        }
    }

    /// Writes the data set of a `.dcm` node in a transfer syntax to an open file or a pipe.
    package func writeDataSet(
        _ node: NodeID, as transferSyntaxUID: String, to descriptor: Int32, name: String
    ) throws(ArchiveError) {
        guard let file = try file(node) else { throw ArchiveError(.notFound, "\(name): deleted meanwhile") }
        do {
            try transcode(file, to: transferSyntaxUID) { bytes in
                try bytes.withUnsafeBytes { try writeAll($0, to: descriptor, name: name) }
            }
        } catch {
            throw ArchiveError(error)
        }
    }
}

/// Writes bytes to an open file, from its position on.
package func writeAll(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32, name: String) throws(ArchiveError) {
    var rest = bytes[...]
    while !rest.isEmpty {
        let count = Glibc.write(descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
        if count < 0, errno == EINTR { continue }
        guard count >= 0 else {
            let code: ArchiveError.Code = errno == ENOSPC ? .noSpace : .io
            throw ArchiveError(code, "\(name): cannot be written: \(String(cString: strerror(errno)))")
        }
        rest = rest.dropFirst(count)
    }
}
