import ContentStore

/// A data set as it is stored, with all its bytes in memory for as long as this is there.
package struct HeldDataSet: Sendable {
    private let file: StoredFile
    private let chunks: [Chunk]

    /// Reads the data set of a file, for who wants it once: it takes the place of nothing that the archive keeps at hand.
    ///
    /// - Throws: ``ArchiveError/Code/damaged`` naming the chunk that cannot be read.
    package init(_ file: StoredFile, in archive: Archive) throws {
        self.file = file
        chunks = try file.chunks(of: file.dataSetOffset..<file.size, from: archive.store)
    }

    /// Calls `body` with its bytes, piece by piece in order.
    package func read(_ body: (RawSpan) throws -> Void) throws {
        try file.read(file.dataSetOffset..<file.size, from: chunks, body)
    }
}
