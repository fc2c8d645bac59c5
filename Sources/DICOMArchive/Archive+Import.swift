import DICOM
import Glibc

extension Archive {
    /// Stores a Part 10 file or bare data set, read from its beginning.
    ///
    /// - Parameters:
    ///   - file: an open file; not closed.
    ///   - name: what errors call it.
    /// - Throws: ``ArchiveError/Code/notAnInstance`` when it is not DICOM or a DICOMDIR;
    ///   ``ArchiveError/Code/refused`` when it is DICOM but broken.
    package func importFile(_ file: Int32, name: String) throws(ArchiveError) -> IngestOutcome {
        var buffer = [UInt8](repeating: 0, count: 1 << 20)
        var position = 0
        // The beginning may come in pieces: recognition wants as much as there is of it.
        var count = 0
        while count < Part10.bytesToRecognize {
            let more = try read(file, name, at: count, into: &buffer, from: count)
            if more == 0 { break }
            count += more
        }
        let head: Part10.Head
        switch Part10.recognize(buffer.span.bytes.extracting(first: min(count, Part10.bytesToRecognize))) {
        case .notDICOM: throw ArchiveError(.notAnInstance, "\(name): not a DICOM file")
        case .directory: throw ArchiveError(.notAnInstance, "\(name): a DICOMDIR, not an image")
        case .file(let found): head = found
        }
        let ingest = beginInstance(
            head: .own(Array(buffer[..<head.length])), transferSyntaxUID: head.transferSyntax?.uid ?? "",
            sender: Sender(kind: .importing))
        do throws(ArchiveError) {
            position = count
            try ingest.receive(buffer.span.bytes.extracting(head.length..<count))
            while true {
                let count = try read(file, name, at: position, into: &buffer, from: 0)
                if count == 0 { break }
                try ingest.receive(buffer.span.bytes.extracting(first: count))
                position += count
            }
            return try ingest.prepare().commit()
        } catch {
            throw ArchiveError(error.code, "\(name): \(error.description)")
        }
    }

    private func read(
        _ file: Int32, _ name: String, at position: Int, into buffer: inout [UInt8], from offset: Int
    ) throws(ArchiveError) -> Int {
        while true {
            let count = buffer.withUnsafeMutableBytes { buffer in
                pread(file, buffer.baseAddress?.advanced(by: offset), buffer.count - offset, off_t(position))
            }
            if count >= 0 { return count }
            guard errno == EINTR else {
                // Of this file: the others can still be stored.
                throw ArchiveError(.refused, "\(name): cannot be read: \(String(cString: strerror(errno)))")
            }
        }
    }
}
