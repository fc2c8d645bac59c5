import ContentStore
import Synchronization

/// What a process has done with an archive since it opened it.
package struct ArchiveCounters: Codable, Sendable {
    /// Uses of a cache.
    package struct Cache: Codable, Sendable {
        /// The value was there, or was just being made for another.
        package var hits: Int
        /// It was made.
        package var misses: Int

        init(_ counts: (hits: Int, misses: Int)) { (hits, misses) = counts }
    }

    /// Recipes with their headers.
    package var files: Cache
    /// Rendered images.
    package var images: Cache
    /// Chunks: a miss is one read from the database.
    package var chunks: Cache
    /// Bytes of chunks read from the database.
    package var chunkBytesRead: UInt64
    package var recipeRowsRead: Int
    package var headerRowsRead: Int
    /// Images rendered.
    package var renders: Int
    /// How long that took in all.
    package var renderMilliseconds: Double
}

/// The counts that no cache keeps.
final class ArchiveWork: Sendable {
    let recipeRows = Atomic<Int>(0)
    let headerRows = Atomic<Int>(0)
    let renders = Atomic<Int>(0)
    let renderNanoseconds = Atomic<UInt64>(0)
}

extension Archive {
    /// What was done so far. Relaxed counts, free to read at any time.
    package var counters: ArchiveCounters {
        ArchiveCounters(
            files: ArchiveCounters.Cache(files.counts), images: ArchiveCounters.Cache(images.counts),
            chunks: ArchiveCounters.Cache(store.counts), chunkBytesRead: store.bytesRead,
            recipeRowsRead: work.recipeRows.load(ordering: .relaxed),
            headerRowsRead: work.headerRows.load(ordering: .relaxed), renders: work.renders.load(ordering: .relaxed),
            renderMilliseconds: Double(work.renderNanoseconds.load(ordering: .relaxed)) / 1e6)
    }
}
