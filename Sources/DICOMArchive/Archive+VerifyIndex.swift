import ContentStore
import DICOM

extension Archive {
    /// Looks at each index row: what it stands for must be there, and must agree.
    func verifyIndex(
        _ scope: VerificationScope, _ found: inout Verification, _ progress: (Verification) throws -> Void
    ) throws {
        let kinds: [(UInt8, (RawSpan, RawSpan) throws -> String?)] = [
            (1, nodeProblem), (2, entryProblem), (3, lookUpProblem), (4, frameOrdinalProblem),
        ]
        for (kind, problem) in kinds {
            try part(&found) { found in
                try rowPages(.index, from: [kind], upTo: [kind + 1]) { key, value in
                    guard scope.isPicked else { return }
                    found.rows += 1
                    if let sentence = try indexProblem(key, value, problem) {
                        found.problems.append(sentence)
                        found.causes.isIndexDamaged = true
                    }
                    if found.rows % 4096 == 0 { try progress(found) }
                }
            }
        }
        try progress(found)
    }

    /// What the index lacks of a recipe's rows.
    func indexProblems(of recipe: Recipe) throws -> [String] {
        let reference = recipe.reference
        let node = NodeID(.dicom, recipe.nodePayload)
        guard let row = try nodeRow(node), row.level == .instance, row.reference == reference else {
            return ["its node row is missing"]
        }
        var problems: [String] = []
        if recipe.frameOrdinal > 0, try store.engine.row(.index, IndexKey.frameOrdinal(recipe.frameOrdinal)) == nil {
            problems.append("the row of its frame ordinal is missing")
        }
        if let series = try nodeRow(row.parent), series.level == .series, series.id == reference.series {
            if series.study != reference.study { problems.append("its directory belongs to another study") }
        } else {
            problems.append("its directory is missing")
        }
        guard recipe.version == 1 else {
            let isNext = try store.engine.row(.recipe, reference.key(version: max(1, recipe.version) - 1)) != nil
            return isNext ? problems : problems + ["the version before it is missing"]
        }
        if let entry = try entry(of: node, in: row.parent) {
            let expected = recipe.entry(name: entry.name)
            if entry != expected, entry != expected.ofFirstRelease {
                problems.append("its directory gives another size, time or image")
            }
        } else {
            problems.append("it is in no directory")
        }
        let lookUp = IndexKey.lookUp(.sopInstanceUID, recipe.identity.sopInstanceUID, node)
        if try store.engine.row(.index, lookUp) == nil { problems.append("it cannot be found by its SOP Instance UID") }
        return problems
    }

    /// A row's problem; nil when there is none, or when the row has changed meanwhile and has none now.
    private func indexProblem(
        _ key: RawSpan, _ value: RawSpan, _ problem: (RawSpan, RawSpan) throws -> String?
    ) throws -> String? {
        func look(_ key: RawSpan, _ value: RawSpan) throws -> String? {
            do { return try problem(key, value) } catch {
                guard ArchiveError(error).code == .damaged else { throw error }
                return "the index row \(hexadecimal(key.withUnsafeBytes { Array($0) })), or one it names, is damaged"
            }
        }
        guard try look(key, value) != nil else { return nil }
        guard let now = try store.engine.row(.index, key.withUnsafeBytes { Array($0) }) else { return nil }
        return try look(key, now.span.bytes)
    }

    private func nodeProblem(_ key: RawSpan, _ value: RawSpan) throws -> String? {
        let node = try IndexKey.lastNode(key)
        let row = try NodeRow(value)
        let sentence = "node \(node.rawValue) stands for \(row.level.name) \(row.id), which is not stored"
        if row.level == .instance { return try recipe(row.reference)?.nodePayload == node.payload ? nil : sentence }
        guard try entry(of: node, in: row.parent) != nil else { return sentence }
        for (kind, value) in row.lookUps where try store.engine.row(.index, IndexKey.lookUp(kind, value, node)) == nil {
            return "\(row.level.name) \(row.id) cannot be found by its \(kind)"
        }
        var isEmpty = true
        try entries(of: node) { _, _ in
            isEmpty = false
            return false
        }
        return isEmpty ? "\(row.level.name) \(row.id) has no members" : nil
    }

    private func entryProblem(_ key: RawSpan, _ value: RawSpan) throws -> String? {
        let node = try IndexKey.lastNode(key)
        let parent = NodeID(rawValue: try UInt64(bigEndianBytes: key, at: 1))
        let entry = try EntryRow(value)
        if node == .root, parent.rawValue == 0 { return nil }
        return try nodeRow(node)?.parent == parent ? nil : "the entry \(entry.name) stands for nothing stored"
    }

    private func lookUpProblem(_ key: RawSpan, _ value: RawSpan) throws -> String? {
        let node = try IndexKey.lastNode(key)
        let key = key.withUnsafeBytes { Array($0) }
        if let row = try nodeRow(node) {
            var keys = row.lookUps.map { IndexKey.lookUp($0, $1, node) }
            if row.level == .instance, row.version == 1, let recipe = try recipe(row.reference) {
                keys.append(IndexKey.lookUp(.sopInstanceUID, recipe.identity.sopInstanceUID, node))
            }
            if keys.contains(key) { return nil }
        }
        return "the look-up row \(hexadecimal(key)) finds nothing stored"
    }

    private func frameOrdinalProblem(_ key: RawSpan, _ value: RawSpan) throws -> String? {
        let ordinal = try UInt64(bigEndianBytes: key, at: 1)
        let reference = try VersionReference(frameOrdinalRow: value)
        guard try recipe(reference)?.frameOrdinal == ordinal else {
            return "frame ordinal \(ordinal) stands for instance \(reference.instance), which does not have it"
        }
        let next = try store.engine.row(.index, IndexKey.nextFrameOrdinal).map { try RecordReader.onlyNumber($0) } ?? 0
        return next > ordinal ? nil : "the next frame ordinal, \(next), is taken"
    }
}
