import ContentStore
package import DICOM

/// An instance on its way into the archive: takes the bytes of its data set as they come, then commits.
///
/// Memory is bounded: some chunks and the header, whatever the instance's size, and that of all headers together by
/// ``ArchiveLimits/headerBytes``. Used from one thread at a time. Dropped
/// before ``finish()``, nothing of it can be seen, and its chunks are swept.
package final class InstanceIngest {
    private let archive: Archive
    private let transferSyntaxUID: String
    private let head: Recipe.Head
    private let sender: Sender
    private let generation: IngestGeneration
    private let share: HeaderShare
    private var scanner: DataSetScanner
    private var parts: IngestedParts

    init(archive: Archive, head: Recipe.Head, transferSyntaxUID: String, sender: Sender) {
        self.archive = archive
        self.head = head
        self.transferSyntaxUID = transferSyntaxUID
        self.sender = sender
        generation = archive.store.beginIngest()
        share = HeaderShare(of: archive.headerMemory)
        scanner = DataSetScanner(transferSyntax: TransferSyntax(transferSyntaxUID))
        parts = IngestedParts(writer: ChunkWriter(store: archive.store, generation: generation))
    }

    /// Takes the next bytes of the data set.
    package func receive(_ bytes: RawSpan) throws(ArchiveError) {
        do {
            try scanner.consume(bytes, into: &parts)
            try share.grow(to: scanner.headerLength)
        } catch {
            throw ArchiveError(refusing: error)
        }
    }

    /// Ends the data set and reads what the header says, without storing anything yet.
    ///
    /// - Throws: ``ArchiveError/Code/refused`` when the data set is broken, or identifies no instance.
    package func prepare() throws(ArchiveError) -> PreparedIngest {
        do {
            let scan = try scanner.finish(into: &parts)
            try parts.finish()
            let header = DataSetHeader(
                parts.header, scan, defaultCharacterSet: archive.defaultCharacterSet)
            var recipe = Recipe()
            recipe.identity = try Recipe.Identity(header)
            recipe.transferSyntaxUID = transferSyntaxUID
            // A head that is what the archive makes anyway is not kept: an exported file is the same file.
            recipe.head = .newest
            if case .own(let bytes) = head, bytes != recipe.headBytes { recipe.head = head }
            recipe.extents = parts.extents
            recipe.dataSetDigest = Recipe.dataSetDigest(
                extents: parts.extents, header: parts.header, headerIsDerived: scan.isDeflated)
            recipe.sender = sender
            recipe.scan = scan
            recipe.pixels = Recipe.Pixels(header, scan, transferSyntaxUID: transferSyntaxUID)
            recipe.document = Recipe.Document(
                header, scan, transferSyntaxUID: transferSyntaxUID, pixelData: parts.pixelDataStart)
            let instance = PreparedInstance(
                recipe: recipe, header: parts.header, attributes: header.mainAttributes(of: recipe.identity))
            var prepared = PreparedIngest(archive: archive, instance: instance, generation: generation, share: share)
            prepared.lacksPixelData = recipe.pixels == nil && header.describesPixelData
            return prepared
        } catch {
            throw ArchiveError(refusing: error)
        }
    }
}

/// An instance that is complete and readable, and waits to be committed.
package struct PreparedIngest: Sendable {
    private let archive: Archive
    private let instance: PreparedInstance
    /// Keeps its chunks from being swept until the commit.
    private let generation: IngestGeneration
    private let share: HeaderShare
    /// Whether it describes pixel data, and neither has them nor says where they are.
    fileprivate(set) var lacksPixelData = false

    init(archive: Archive, instance: PreparedInstance, generation: IngestGeneration, share: HeaderShare) {
        self.share = share
        self.archive = archive
        self.instance = instance
        self.generation = generation
    }

    /// What the data set says it is.
    package var identity: Recipe.Identity { instance.recipe.identity }

    /// Stores it: on disk when this returns, or at the next flush of an archive opened with ``Durability/eachFlush``.
    package func commit() throws(ArchiveError) -> IngestOutcome {
        let instance = instance
        do { try archive.store.engine.checkSpace() } catch { throw ArchiveError(error) }
        let done = try withExtendedLifetime(generation) { () throws(ArchiveError) in
            try archive.commit { plan in try plan.store(instance) }
        }
        return IngestOutcome(instance: instance.recipe.reference.instance, result: done.result)
    }
}

extension DataSetHeader {
    /// Whether it has an image's attributes (PS3.3 C.7.6.3), but no address at which another system provides the pixel data.
    fileprivate var describesPixelData: Bool {
        integer(.rows) != nil && integer(.columns) != nil && integer(.bitsAllocated) != nil
            && text(Tag(0x0028, 0x7FE0)) == nil
    }
}

/// What became of an instance that was handed to the archive.
package struct IngestOutcome: Sendable {
    /// Its identifier.
    package let instance: OrthancIdentifier
    /// Whether it was new.
    package let result: StoreResult
}

extension Archive {
    /// Begins to take an instance.
    ///
    /// - Parameters:
    ///   - head: what stood before the data set; `.newest` for one that came by C-STORE.
    ///   - transferSyntaxUID: what it was announced as; the bytes decide.
    package func beginInstance(
        head: Recipe.Head, transferSyntaxUID: String, sender: Sender
    ) -> InstanceIngest {
        InstanceIngest(archive: self, head: head, transferSyntaxUID: transferSyntaxUID, sender: sender)
    }
}

/// The parts of a data set as the scanner tells them apart.
struct IngestedParts: DataSetSink, ~Copyable {
    private(set) var header: [UInt8] = []
    private(set) var extents: [Recipe.Extent] = []
    private var writer: ChunkWriter
    private var bulkValues = 0
    /// The first bytes of the pixel data, as many as tell what kind of video they are.
    private(set) var pixelDataStart = FirstFragments()
    private var isPixelData = false
    /// Each costs 80 bytes of recipe and a chunk: an honest data set has a few.
    private static let mostBulkValues = 1 << 16

    init(writer: consuming ChunkWriter) { self.writer = writer }

    mutating func header(_ bytes: RawSpan) {
        bytes.withUnsafeBytes { header.append(contentsOf: $0) }
        if case .header(let length) = extents.last {
            extents[extents.count - 1] = .header(length: length + bytes.byteCount)
        } else {
            extents.append(.header(length: bytes.byteCount))
        }
    }

    mutating func beginBulk(_ element: BulkElement) throws {
        bulkValues += 1
        isPixelData = element.kind == .element && element.tag == .pixelData
        guard bulkValues <= Self.mostBulkValues else {
            throw DICOMError(.tooLarge, "the data set has more than \(Self.mostBulkValues) bulk values")
        }
    }

    mutating func bulk(_ bytes: RawSpan) throws {
        if isPixelData, !pixelDataStart.isComplete { pixelDataStart.take(bytes) }
        var chunks: [ChunkWriter.Reference] = []
        try writer.append(bytes, to: &chunks)
        extents.append(contentsOf: chunks.map { .chunk($0) })
    }

    mutating func endBulk() throws {
        var chunks: [ChunkWriter.Reference] = []
        try writer.endValue(to: &chunks)
        extents.append(contentsOf: chunks.map { .chunk($0) })
    }

    /// Waits until all chunks are stored.
    func finish() throws { try writer.finish() }

    mutating func derivedHeader(_ bytes: RawSpan) {
        bytes.withUnsafeBytes { header.append(contentsOf: $0) }
    }
}

extension ArchiveError {
    /// An error met while taking an instance: what the bytes are to blame for is a refusal.
    init(refusing error: any Error) {
        if let error = error as? DICOMError {
            self.init(.refused, error.description)
        } else {
            self.init(error)
        }
    }
}
