import ContentStore
import DICOM

/// What a repair did, and could not do.
package struct Repair: Codable, Sendable {
    /// A sentence for each thing that is as it should be now.
    package var mended: [String] = []
    /// A sentence for each damage that is left.
    package var left: [String] = []
}

extension Archive {
    /// Verifies the archive and mends what can be: derived rows are made anew, rows that nothing stands behind and chunks that
    /// cannot be read are removed, so that these are stored anew when the same images come again.
    ///
    /// Nothing else may use the archive meanwhile. It can be interrupted and done again.
    ///
    /// - Parameters:
    ///   - discards: whether versions whose file cannot be read in whole are removed too, and chunks that the disk does not give.
    ///   - progress: called now and then with what was looked at so far; what it throws ends the work.
    package func repair(
        discards: Bool, progress: (Verification) throws -> Void
    ) throws(ArchiveError) -> Repair {
        var done = Repair()
        do {
            let found = try verify(progress: progress)
            // What the disk does not give may come back with it.
            for digest in found.causes.chunks + (discards ? found.causes.unreadable : []) {
                try store.engine.removeDamaged(digest)
                done.mended.append("chunk \(digest) is removed, to be stored anew when it comes again")
            }
            for key in found.causes.headers {
                try change([RowChange(.header, key, nil)])
                done.mended.append("the header row \(hexadecimal(key)), which has no recipe, is removed")
            }
            var isIndexDamaged = found.causes.isIndexDamaged
            if discards {
                // A chunk that was found damaged makes versions incomplete that were not found so before.
                let incomplete = try verify(withoutChunks, progress: progress).causes.recipes
                if try discard(incomplete, &done) { isIndexDamaged = true }
            }
            if isIndexDamaged {
                let rebuilt = try rebuild { _ in }
                done.mended.append("the index is made anew, with \(rebuilt.versions) versions")
            }
            try store.engine.flush()
            done.left = try verify(withoutChunks, progress: progress).problems
        } catch {
            throw ArchiveError(error)
        }
        return done
    }

    /// After their bytes have been looked at.
    private var withoutChunks: VerificationScope {
        var scope = VerificationScope()
        scope.readsChunks = false
        return scope
    }

    /// Removes recipes and headers, but not from under a later version of the same instance. Whether there were any.
    private func discard(_ keys: [[UInt8]], _ done: inout Repair) throws -> Bool {
        var isAny = false
        // The last version first.
        for key in keys.sorted(by: { $1.lexicographicallyPrecedes($0) }) {
            var next: [UInt8]?
            try store.engine.scan(.recipe, from: key + [0], upTo: Array(key.prefix(60)).successor) { key, _ in
                next = key.withUnsafeBytes { Array($0) }
                return false
            }
            if next != nil { continue }
            try change([RowChange(.recipe, key, nil), RowChange(.header, key, nil)])
            done.mended.append("the version \(hexadecimal(key)), which was not whole, is removed")
            isAny = true
        }
        return isAny
    }

    private func change(_ changes: [RowChange]) throws {
        try store.engine.commit([Commit(partition: [], changes: changes)])
    }
}
