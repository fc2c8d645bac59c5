import ContentStore
import DICOM

/// What making an index anew has done.
package struct Rebuilding: Codable, Sendable {
    /// Versions that have their rows again.
    package var versions = 0
    /// About how many there are.
    package var total = 0
    /// A sentence for each version that cannot have rows: what it lacks is not derived.
    package var problems: [String] = []
}

extension Archive {
    /// Makes all index rows anew from recipes and headers: names, times and node ids as they were, so far as the old rows can
    /// be read, else those that the instances in order of their reception give.
    ///
    /// Nothing else may use the archive meanwhile. When it is interrupted the archive can only be opened to do it again. Where
    /// recipes or headers cannot be read in whole, nothing is changed.
    ///
    /// - Parameter progress: called now and then; what it throws ends the work.
    package func rebuild(progress: (Rebuilding) throws -> Void) throws(ArchiveError) -> Rebuilding {
        var done = Rebuilding()
        do {
            done.total = Int(clamping: estimatedInstances)
            var stage = try rebuildStage() ?? .begun
            if stage < .kept {
                try readSources()
                try store.engine.removeRows(.index, from: [6], upTo: [7])
                try set(.begun)
                try keepDirectories()
                stage = .kept
                try set(stage)
            }
            if stage < .made {
                // All but the next frame ordinal, which never goes back.
                try store.engine.removeRows(.index, from: [1], upTo: IndexKey.nextFrameOrdinal)
                for study in try studiesByReception(&done) { try rebuild(study, &done, progress) }
                try restoreTimes()
                try set(.made)
            }
            try store.engine.removeRows(.index, from: [6], upTo: [7])
            try setIndexRow(IndexKey.rebuild, nil)
            try store.engine.flush()
        } catch {
            throw ArchiveError(error)
        }
        return done
    }

    /// Throws ``ArchiveError/Code/unusable`` when making the index anew was begun and not ended.
    func checkIndex() throws(ArchiveError) {
        do { guard try rebuildStage() != nil else { return } } catch { throw ArchiveError(error) }
        throw ArchiveError(
            .unusable,
            "the index of the archive \(folder.path) is half made: a dicomfs rebuild was interrupted; run it again")
    }

    /// How far making an index anew has got.
    private enum RebuildStage: UInt64, Comparable {
        /// It is noted what the directories are.
        case begun = 1
        /// That is noted; the index is removed and made.
        case kept = 2
        /// It is made; the notes are removed.
        case made = 3

        static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
    }

    private func rebuildStage() throws -> RebuildStage? {
        guard let bytes = try store.engine.row(.index, IndexKey.rebuild) else { return nil }
        return RebuildStage(rawValue: (try? RecordReader.onlyNumber(bytes)) ?? 0) ?? .begun
    }

    /// On disk, and all before it, when this returns.
    private func set(_ stage: RebuildStage) throws {
        try setIndexRow(IndexKey.rebuild, RecordWriter.onlyNumber(stage.rawValue))
        try store.engine.flush()
    }

    private func setIndexRow(_ key: [UInt8], _ value: [UInt8]?) throws {
        try store.engine.commit([Commit(partition: [], changes: [RowChange(.index, key, value)])])
    }

    /// Reads all that an index is made of, and throws when that fails: an index cannot be made then, and the one there is still
    /// shows what can be read.
    private func readSources() throws(ArchiveError) {
        for family in [RowFamily.recipe, .header] {
            do { try store.engine.scan(family, from: [], upTo: nil) { _, _ in true } } catch {
                throw ArchiveError(
                    .damaged,
                    "the \(family.rawValue) rows cannot be read in whole (\(error)); the index stays as it is, restore the"
                        + " archive from a backup")
            }
        }
    }

    /// Notes what the directories are now, where their rows can be read.
    private func keepDirectories() throws {
        if let root = try? entry(of: .root, in: NodeID(rawValue: 0)) {
            let row = NodeRow(level: .patient, id: OrthancIdentifier(), parent: .root)
            try setIndexRow(IndexKey.kept(0, []), KeptDirectory(node: .root, row: row, entry: root).encoded)
        }
        for level in [Level.patient, .study, .series] {
            try nodes(level.nodeKind) { node in
                guard let row = try? nodeRow(node), let entry = try? entry(of: node, in: row.parent) else { return }
                let kept = KeptDirectory(node: node, row: row, entry: entry)
                guard kept.stands(for: level, row.id) else { return }
                try setIndexRow(IndexKey.kept(level.rawValue, row.id.array), kept.encoded)
            }
        }
    }

    /// Gives the directories that are there again the times they had.
    private func restoreTimes() throws {
        try store.engine.scan(.index, from: [6], upTo: [7]) { _, value in
            let kept = try KeptDirectory(value)
            let parent = kept.node == .root ? NodeID(rawValue: 0) : try nodeRow(kept.node)?.parent
            guard let parent, var entry = try entry(of: kept.node, in: parent) else { return true }
            entry.modified = kept.entry.modified
            try setIndexRow(IndexKey.entry(parent, kept.node), entry.encoded)
            return true
        }
    }

    /// The identifiers of all studies, in the order in which the first that is left of each was received.
    private func studiesByReception(_ done: inout Rebuilding) throws -> [OrthancIdentifier] {
        var first: [(study: OrthancIdentifier, time: UInt64)] = []
        try store.engine.scan(.recipe, from: [], upTo: nil) { key, value in
            guard let study = OrthancIdentifier(key.extracting(first: min(20, key.byteCount))) else {
                done.problems.append("the recipe row \(hexadecimal(key.withUnsafeBytes { Array($0) })) is damaged")
                return true
            }
            // One that cannot be read is named when its study's turn comes.
            let time = (try? Recipe(value))?.receivedAt ?? .max
            if let last = first.indices.last, first[last].study == study {
                first[last].time = min(first[last].time, time)
            } else {
                first.append((study, time))
            }
            return true
        }
        return first.sorted { $0.time < $1.time }.map(\.study)
    }

    /// Makes the rows of a study's versions, in the order in which they were received.
    private func rebuild(
        _ study: OrthancIdentifier, _ done: inout Rebuilding, _ progress: (Rebuilding) throws -> Void
    ) throws {
        var versions: [(key: [UInt8], time: UInt64)] = []
        try store.engine.scan(.recipe, from: study.array, upTo: study.array.successor) { key, value in
            let key = key.withUnsafeBytes { Array($0) }
            if let recipe = try? Recipe(value), recipe.reference.key() == key {
                versions.append((key, recipe.receivedAt))
            } else {
                done.problems.append("the recipe row \(hexadecimal(key)) is damaged")
            }
            return true
        }
        for (key, _) in versions.sorted(by: { $0.time < $1.time }) {
            do {
                guard let instance = try preparedInstance(key) else { continue }
                _ = try commits.perform { plan in
                    try plan.rebuild(instance)
                    return CommitOutcome()
                }
                done.versions += 1
            } catch {
                let error = ArchiveError(error)
                guard error.code == .damaged else { throw error }
                done.problems.append("the version \(hexadecimal(key)): \(error.description)")
            }
            if done.versions % 256 == 0 { try progress(done) }
        }
    }

    /// A stored version as it was before it was committed.
    private func preparedInstance(_ key: [UInt8]) throws -> PreparedInstance? {
        guard let bytes = try store.engine.row(.recipe, key) else { return nil }
        let recipe = try Recipe(bytes.span.bytes)
        guard let header = try store.engine.row(.header, key) else {
            throw ArchiveError(.damaged, "its header row is missing")
        }
        let values = DataSetHeader(
            header, recipe.scan, defaultCharacterSet: defaultCharacterSet)
        return PreparedInstance(
            recipe: recipe, header: header, attributes: values.mainAttributes(of: recipe.identity))
    }
}
