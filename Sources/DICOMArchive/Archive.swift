package import ContentStore
package import DICOM
import Imaging
import Synchronization

/// A DICOM archive: instances kept once by content, found by patient, study, series and instance.
///
/// One process has it open at a time; every method may be called from any of its threads, and blocks until done. What
/// ``PreparedIngest/commit()`` reports stored is on disk, unless the archive was opened with ``Durability/eachFlush``: then
/// when the next ``flush()`` returns. Rows and keys are described in the Format article.
package final class Archive: Sendable {
    /// Its chunks and rows.
    package let store: ChunkStore
    /// A sentence for the log about what was out of the ordinary when it was opened; nil when nothing was.
    package let openingNote: String?
    let commits: CommitQueue
    /// Room for one with the longest header there is: else each of its reads would load it anew.
    let files = BoundedCache<NodeID, StoredFile>(capacity: 34 << 20) { $0.cost }
    /// A quarter of what images may take: each is read in many pieces, and would be rendered anew for each.
    let images: BoundedCache<ImageKey, RenderedImage>
    let imageMemory: ImageMemory
    let observers = Observers()
    let care = Mutex<Care?>(nil)
    let headerMemory: HeaderMemory
    let work = ArchiveWork()
    /// On commitments by others to what they were sent from here.
    package let commitmentReports = CommitmentReports()
    /// Room for one of the longest: each is read in many pieces.
    let models = BoundedCache<NodeID, [UInt8]>(capacity: longestJSON + 512) { $0.count + 512 }
    private let changed = Atomic<UInt64>(Clock.nanoseconds())
    /// Its folder and lock. The last one, and so let go of when the database is closed: who gets the lock opens that.
    package let folder: ArchiveFolder

    /// Opens the archive in a folder.
    ///
    /// - Parameters:
    ///   - path: the folder.
    ///   - create: make an archive where there is none; the folder may be missing or empty.
    ///   - holder: what is told to others who want to open it.
    ///   - durability: when what is stored is on disk.
    package convenience init(
        path: String, create: Bool, holder: ArchiveFolder.Holder, durability: Durability = .eachCommit
    ) throws(ArchiveError) {
        try self.init(folder: ArchiveFolder.open(path, create: create, holder: holder), durability: durability)
    }

    /// Opens the archive in a folder to mend it: also one whose index is half made. What is stored is on disk after
    /// ``flush()``.
    ///
    /// - Parameter acceptsLoss: open it though acknowledged commits are missing or damaged, and give them up.
    package convenience init(
        mending path: String, holder: ArchiveFolder.Holder, acceptsLoss: Bool = false
    ) throws(ArchiveError) {
        try self.init(
            opening: ArchiveFolder.open(path, create: false, holder: holder), durability: .eachFlush,
            acceptsLoss: acceptsLoss)
    }

    /// Opens the archive in an open folder.
    package convenience init(
        folder: ArchiveFolder, durability: Durability = .eachCommit, limits: ArchiveLimits = ArchiveLimits()
    ) throws(ArchiveError) {
        try self.init(opening: folder, durability: durability, limits: limits)
        try checkIndex()
    }

    private convenience init(
        opening folder: ArchiveFolder, durability: Durability, acceptsLoss: Bool = false,
        limits: ArchiveLimits = ArchiveLimits()
    ) throws(ArchiveError) {
        do {
            let engine = try RocksDBEngine(
                path: folder.database, create: folder.isNew, reserve: limits.diskReserve, openFiles: limits.openFiles,
                durability: durability, acceptsLoss: acceptsLoss)
            try folder.finishCreation()
            self.init(
                folder: folder, engine: engine, openingNote: Self.note(on: engine, folder),
                limits: limits)
        } catch {
            throw ArchiveError(error)
        }
        removeCheckpoint()
    }

    private static func note(on engine: RocksDBEngine, _ folder: ArchiveFolder) -> String? {
        if let lost = engine.lostCommits {
            return lost.upperBound == .max
                ? "the database \(folder.database) ends before commit \(lost.lowerBound); whether that and more was"
                    + " acknowledged is not known, since \(folder.database).synced cannot be read"
                : "the database \(folder.database) lacks commits \(lost.lowerBound) to \(lost.upperBound), which were"
                    + " acknowledged: they are given up"
        }
        guard engine.isLogEndDropped else { return nil }
        return "the log of \(folder.database) ended in what was never synced, as after a power loss, and was cut there:"
            + " all that was acknowledged is stored"
    }

    /// The archive in an open folder, over an engine.
    init(
        folder: ArchiveFolder, engine: any StorageEngine, openingNote: String? = nil,
        limits: ArchiveLimits = ArchiveLimits()
    ) {
        headerMemory = HeaderMemory(limit: limits.headerBytes)
        images = BoundedCache(capacity: limits.imageBytes / 4) { $0.bytes.count + 512 }
        imageMemory = ImageMemory(limit: limits.imageBytes - limits.imageBytes / 4)
        self.folder = folder
        self.openingNote = openingNote
        store = ChunkStore(engine: engine)
        commits = CommitQueue(engine: engine)
    }

    /// What the text of data sets is in that declare nothing.
    package var defaultCharacterSet: SpecificCharacterSet { SpecificCharacterSet([folder.defaultCharacterSet]) }

    /// Returns when all that was reported stored before is on disk.
    package func flush() throws(ArchiveError) {
        do { try store.engine.flush() } catch { throw ArchiveError(error) }
    }

    /// When anything in the tree last changed, in nanoseconds since 1970, or when the archive was opened: not before any
    /// change there was.
    package var lastChange: UInt64 { changed.load(ordering: .sequentiallyConsistent) }

    /// Forgets what went and tells the observers, on the thread of the change, after the commit and with no lock held.
    func announce(_ outcome: CommitOutcome) {
        if !outcome.removedNodes.isEmpty {
            let nodes = Set(outcome.removedNodes)
            files.removeAll { nodes.contains($0) }
            models.removeAll { nodes.contains($0.of(.dicom)) }
            images.removeAll { nodes.contains($0.node.of(.dicom)) && $0.node.kind != .frame }
            let ordinals = Set(outcome.removedFrameOrdinals)
            if !ordinals.isEmpty {
                images.removeAll { $0.node.kind == .frame && ordinals.contains($0.node.frame.ordinal) }
            }
        }
        if !outcome.changes.isEmpty { changed.max(Clock.nanoseconds(), ordering: .sequentiallyConsistent) }
        observers.tell(outcome)
    }
}

/// Who wants to know what changes in the tree: a mount, whose kernel keeps listings.
package protocol TreeObserver: AnyObject, Sendable {
    /// Called after the changes are on disk and before the sender of an instance hears of it. May be called from several
    /// threads at once. Returns when readers see the changes, or soon if that takes long.
    func treeDidChange(_ changes: [TreeChange])
}
