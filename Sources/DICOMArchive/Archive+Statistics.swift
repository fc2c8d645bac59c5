import ContentStore
import DICOM

/// Counts of what an archive holds.
package struct ArchiveStatistics: Codable, Sendable {
    package var patients = 0
    package var studies = 0
    package var series = 0
    /// Instances, each once whatever its versions.
    package var instances = 0
    /// Versions of instances.
    package var versions = 0
    /// Bytes of all data sets, as if nothing were shared.
    package var bytes: UInt64 = 0
    /// Chunks stored, each once; those of deleted instances until they are swept.
    package var chunks = 0
    /// Bytes of those chunks.
    package var chunkBytes: UInt64 = 0
}

extension Archive {
    /// Counts everything, by going through all rows but no chunk.
    package func statistics() throws(ArchiveError) -> ArchiveStatistics {
        var statistics = ArchiveStatistics()
        do {
            statistics.patients = try countNodes(.patient)
            statistics.studies = try countNodes(.study)
            statistics.series = try countNodes(.series)
            try recipes { recipe in
                statistics.versions += 1
                if recipe.version == 1 { statistics.instances += 1 }
                statistics.bytes &+= recipe.scan.totalLength
            }
            try store.engine.scanChunks { _, length in
                statistics.chunks += 1
                statistics.chunkBytes &+= length ?? 0
                return true
            }
        } catch {
            throw ArchiveError(error)
        }
        return statistics
    }

    /// About how many instances there are; takes no time.
    package var estimatedInstances: UInt64 { store.engine.estimatedRows(.recipe) }

    private func countNodes(_ kind: NodeID.Kind) throws -> Int {
        var count = 0
        try nodes(kind) { _ in count += 1 }
        return count
    }

    /// Calls `body` with all nodes of a kind that have a row, in order.
    package func nodes(_ kind: NodeID.Kind, _ body: (NodeID) throws -> Void) throws {
        let lower = IndexKey.node(NodeID(kind, 0))
        let upper = IndexKey.node(NodeID(rawValue: (kind.rawValue + 1) << NodeID.payloadBits))
        try store.engine.scan(.index, from: lower, upTo: upper) { key, _ in
            try body(IndexKey.lastNode(key))
            return true
        }
    }
}
