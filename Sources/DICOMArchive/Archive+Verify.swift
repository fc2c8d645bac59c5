import ContentStore
import DICOM
import Hashing

/// What a verification looked at and found.
package struct Verification: Codable, Sendable {
    package var chunks = 0
    package var versions = 0
    package var rows = 0
    /// A sentence for each damage.
    package var problems: [String] = []

    /// Nothing looked at yet.
    package init() {}
}

extension Archive {
    /// Reads everything and compares it: each chunk with its digest, each recipe with its header, chunks, identifiers and
    /// index rows, each index row with what it stands for. Changes nothing; ingest may go on meanwhile.
    ///
    /// - Parameter progress: called now and then with what was looked at so far.
    package func verify(progress: (Verification) -> Void) throws(ArchiveError) -> Verification {
        var found = Verification()
        do {
            let lengths = try verifyChunks(&found, progress)
            try verifyRecipes(lengths, &found, progress)
            try verifyHeaders(&found)
            try verifyNodes(&found, progress)
            try verifyEntries(&found, progress)
        } catch {
            throw ArchiveError(error)
        }
        return found
    }

    private func verifyChunks(
        _ found: inout Verification, _ progress: (Verification) -> Void
    ) throws -> [SHA256Digest: UInt64] {
        var lengths: [SHA256Digest: UInt64] = [:]
        try store.engine.scanChunks { digest, length in
            lengths[digest] = length
            return true
        }
        for (digest, length) in lengths {
            found.chunks += 1
            do {
                let chunk = try store.engine.chunk(digest)
                if SHA256.hash(chunk.bytes) != digest || UInt64(chunk.count) != length {
                    found.problems.append("chunk \(digest) is damaged: its bytes have another digest")
                }
            } catch {
                // A sweep may have taken it meanwhile.
                if try hasChunk(digest) { found.problems.append("\(error)") }
            }
            if found.chunks % 64 == 0 { progress(found) }
        }
        return lengths
    }

    private func verifyRecipes(
        _ lengths: [SHA256Digest: UInt64], _ found: inout Verification, _ progress: (Verification) -> Void
    ) throws {
        try store.engine.scan(.recipe, from: [], upTo: nil) { key, value in
            found.versions += 1
            if found.versions % 256 == 0 { progress(found) }
            let key = key.withUnsafeBytes { Array($0) }
            guard let recipe = try? Recipe(value) else {
                found.problems.append("the recipe row \(hexadecimal(key)) is damaged")
                return true
            }
            for problem in try problems(of: recipe, key: key, lengths) {
                found.problems.append("instance \(recipe.reference.instance) version \(recipe.version): \(problem)")
            }
            return true
        }
    }

    private func problems(
        of recipe: Recipe, key: [UInt8], _ lengths: [SHA256Digest: UInt64]
    ) throws -> [String] {
        var problems: [String] = []
        let reference = recipe.reference
        if reference.key() != key { problems.append("its identifiers are not those of its values") }
        for case .chunk(let chunk) in recipe.extents {
            // Stored after the chunks were listed, or not at all.
            let isStored = try lengths[chunk.digest] == UInt64(chunk.length) || hasChunk(chunk.digest)
            if !isStored { problems.append("chunk \(chunk.digest) is missing") }
        }
        guard let header = try store.engine.row(.header, key) else {
            // Deleted since the scan began, or damaged.
            return try store.engine.row(.recipe, key) == nil ? [] : problems + ["its header row is missing"]
        }
        let digest = Recipe.dataSetDigest(
            extents: recipe.extents, header: header, headerIsDerived: recipe.scan.isHeaderDerived)
        if digest != recipe.dataSetDigest { problems.append("its header has another digest than recorded") }
        let node = NodeID(.dicom, recipe.nodePayload)
        guard let row = try nodeRow(node), row.level == .instance, row.reference == reference else {
            return try store.engine.row(.recipe, key) == nil ? [] : problems + ["its node row is missing"]
        }
        if recipe.version == 1 {
            let entry = try entry(of: node, in: row.parent)
            if entry == nil { problems.append("it is in no directory") }
            if let entry, entry.size != UInt64(recipe.headBytes.count + recipe.dataSetLength) {
                problems.append("its directory gives another size")
            }
        }
        return problems
    }

    private func verifyHeaders(_ found: inout Verification) throws {
        try store.engine.scan(.header, from: [], upTo: nil) { key, _ in
            found.rows += 1
            let key = key.withUnsafeBytes { Array($0) }
            if try store.engine.row(.recipe, key) == nil, try store.engine.row(.header, key) != nil {
                found.problems.append("the header row \(hexadecimal(key)) has no recipe")
            }
            return true
        }
    }

    private func verifyNodes(_ found: inout Verification, _ progress: (Verification) -> Void) throws {
        try store.engine.scan(.index, from: [1], upTo: [2]) { key, value in
            found.rows += 1
            let node = IndexKey.lastNode(key)
            let row = try NodeRow(value)
            let isThere =
                row.level == .instance
                ? try recipe(row.reference)?.nodePayload == node.payload : try entry(of: node, in: row.parent) != nil
            if !isThere, try nodeRow(node) != nil {
                found.problems.append("node \(node.rawValue) stands for \(row.level.name) \(row.id), which is not stored")
            }
            return true
        }
        progress(found)
    }

    private func verifyEntries(_ found: inout Verification, _ progress: (Verification) -> Void) throws {
        try store.engine.scan(.index, from: [2], upTo: [3]) { key, value in
            found.rows += 1
            let node = IndexKey.lastNode(key)
            let parent = NodeID(rawValue: UInt64(bigEndianBytes: key, at: 1))
            guard node != .root else { return true }
            let entry = try EntryRow(value)
            if try nodeRow(node)?.parent != parent, try self.entry(of: node, in: parent) != nil {
                found.problems.append("the entry \(entry.name) stands for nothing stored")
            }
            return true
        }
        progress(found)
    }

    private func hasChunk(_ digest: SHA256Digest) throws -> Bool {
        do throws(StoreError) {
            _ = try store.engine.chunk(digest)
            return true
        } catch {
            guard error.code == .damaged else { throw error }
            return false
        }
    }
}

private func hexadecimal(_ bytes: [UInt8]) -> String {
    bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
}
