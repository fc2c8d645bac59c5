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
    /// - Parameter progress: called now and then with what was looked at so far; what it throws ends the work.
    package func verify(progress: (Verification) throws -> Void) throws(ArchiveError) -> Verification {
        var found = Verification()
        do {
            var lengths: [SHA256Digest: UInt64] = [:]
            try part(&found) { try listChunks(&lengths, &$0) }
            try part(&found) { try verifyChunks(lengths, &$0, progress) }
            try part(&found) { try verifyRecipes(lengths, &$0, progress) }
            try part(&found) { try verifyHeaders(&$0) }
            try part(&found) { try verifyIndex(&$0, progress) }
        } catch {
            throw ArchiveError(error)
        }
        return found
    }

    /// Verifies a part. Damage that ends it is one more problem: the other parts are looked at all the same.
    func part(_ found: inout Verification, _ body: (inout Verification) throws -> Void) throws {
        do { try body(&found) } catch {
            let error = ArchiveError(error)
            guard error.code == .damaged else { throw error }
            found.problems.append(error.description)
        }
    }

    private func listChunks(_ lengths: inout [SHA256Digest: UInt64], _ found: inout Verification) throws {
        try store.engine.scanChunks { digest, length in
            if let length {
                lengths[digest] = length
            } else {
                found.problems.append("the row of chunk \(digest) is damaged")
            }
            return true
        }
    }

    private func verifyChunks(
        _ lengths: [SHA256Digest: UInt64], _ found: inout Verification, _ progress: (Verification) throws -> Void
    ) throws {
        for (digest, length) in lengths {
            found.chunks += 1
            do throws(StoreError) {
                let chunk = try store.engine.chunk(digest)
                if SHA256.hash(chunk.bytes) != digest || UInt64(chunk.count) != length {
                    found.problems.append("chunk \(digest) is damaged: its bytes have another digest")
                }
            } catch {
                guard error.code == .damaged else { throw error }
                // A sweep may have taken it meanwhile.
                if try hasChunkRow(digest) { found.problems.append(error.description) }
            }
            if found.chunks % 64 == 0 { try progress(found) }
        }
    }

    private func verifyRecipes(
        _ lengths: [SHA256Digest: UInt64], _ found: inout Verification, _ progress: (Verification) throws -> Void
    ) throws {
        try store.engine.scan(.recipe, from: [], upTo: nil) { key, value in
            found.versions += 1
            if found.versions % 256 == 0 { try progress(found) }
            let key = key.withUnsafeBytes { Array($0) }
            var problems = try problems(of: value, key: key, lengths)
            // Deleted or given another head meanwhile? What is there now decides.
            if !problems.isEmpty {
                let now = try store.engine.row(.recipe, key)
                problems = try now.map { try self.problems(of: $0.span.bytes, key: key, lengths) } ?? []
            }
            found.problems += problems
            return true
        }
    }

    private func problems(
        of value: RawSpan, key: [UInt8], _ lengths: [SHA256Digest: UInt64]
    ) throws -> [String] {
        guard let recipe = try? Recipe(value) else { return ["the recipe row \(hexadecimal(key)) is damaged"] }
        var problems: [String] = []
        if recipe.reference.key() != key { problems.append("its identifiers are not those of its values") }
        for case .chunk(let chunk) in recipe.extents {
            // Stored after the chunks were listed, or not at all.
            let isStored = try lengths[chunk.digest] == UInt64(chunk.length) || hasChunk(chunk.digest)
            if !isStored { problems.append("chunk \(chunk.digest) is missing") }
        }
        if let header = try store.engine.row(.header, key) {
            let digest = Recipe.dataSetDigest(
                extents: recipe.extents, header: header, headerIsDerived: recipe.scan.isDeflated)
            if digest != recipe.dataSetDigest { problems.append("its header has another digest than recorded") }
        } else {
            problems.append("its header row is missing")
        }
        problems += try indexProblems(of: recipe)
        return problems.map { "instance \(recipe.reference.instance) version \(recipe.version): \($0)" }
    }

    private func verifyHeaders(_ found: inout Verification) throws {
        try store.engine.scan(.header, from: [], upTo: nil) { key, _ in
            found.rows += 1
            let key = key.withUnsafeBytes { Array($0) }
            if try store.engine.row(.recipe, key) == nil, try store.engine.row(.header, key) != nil,
                try store.engine.row(.recipe, key) == nil
            {
                found.problems.append("the header row \(hexadecimal(key)) has no recipe")
            }
            return true
        }
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

    private func hasChunkRow(_ digest: SHA256Digest) throws -> Bool {
        var isThere = false
        try store.engine.scanChunks(from: digest) { found, _ in
            isThere = found == digest
            return false
        }
        return isThere
    }
}

/// Bytes of a key as messages show them.
func hexadecimal(_ bytes: [UInt8]) -> String {
    bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
}
