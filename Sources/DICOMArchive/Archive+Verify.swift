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
    /// What ``Archive/repair(discards:progress:)`` can do something about.
    var causes = Causes()

    /// What is damaged.
    struct Causes {
        /// Chunks whose row or bytes cannot be read, or are others.
        var chunks: [SHA256Digest] = []
        /// Chunks that the disk does not give, now at least.
        var unreadable: [SHA256Digest] = []
        /// The keys of header rows without a recipe.
        var headers: [[UInt8]] = []
        /// The keys of recipes that cannot be read, or lack their header.
        var recipes: [[UInt8]] = []
        /// Whether rows that are derived are damaged, missing or too many.
        var isIndexDamaged = false
    }

    private enum CodingKeys: String, CodingKey {
        case chunks, versions, rows, problems
    }

    /// Nothing looked at yet.
    package init() {}
}

/// What of an archive is looked at.
package struct VerificationScope: Codable, Sendable {
    /// The share of its rows and chunks, picked at random, from 0 to 1.
    package var share = 1.0
    /// Whether the bytes of chunks are read and hashed.
    package var readsChunks = true

    /// Everything.
    package init() {}

    var isPicked: Bool { share >= 1 || Double.random(in: 0..<1) < share }
}

extension Archive {
    /// Reads everything and compares it: each chunk with its digest, each recipe with its header, chunks, identifiers and
    /// index rows, each index row with what it stands for. Changes nothing; ingest may go on meanwhile.
    ///
    /// - Parameter progress: called now and then with what was looked at so far; what it throws ends the work.
    package func verify(
        _ scope: VerificationScope = VerificationScope(), progress: (Verification) throws -> Void
    ) throws(ArchiveError) -> Verification {
        var found = Verification()
        do {
            if scope.readsChunks { try part(&found) { try verifyChunks(scope, &$0, progress) } }
            try part(&found) { try verifyRecipes(scope, &$0, progress) }
            try part(&found) { try verifyHeaders(scope, &$0) }
            try part(&found) { try verifyIndex(scope, &$0, progress) }
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

    private func verifyChunks(
        _ scope: VerificationScope, _ found: inout Verification, _ progress: (Verification) throws -> Void
    ) throws {
        try chunkPages { digest, length in
            guard scope.isPicked else { return }
            found.chunks += 1
            do throws(StoreError) {
                if let problem = try problem(ofChunk: digest, length) {
                    found.problems.append(problem)
                    found.causes.chunks.append(digest)
                }
            } catch {
                // A bad sector, and the chunks beside it are as good as ever; or a disk that is away for a moment.
                guard error.code == .io else { throw error }
                found.problems.append(error.description)
                found.causes.unreadable.append(digest)
            }
            if found.chunks % 64 == 0 { try progress(found) }
        }
    }

    private func problem(ofChunk digest: SHA256Digest, _ length: UInt64?) throws(StoreError) -> String? {
        guard let length else { return "the row of chunk \(digest) is damaged" }
        do throws(StoreError) {
            let chunk = try store.engine.chunk(digest)
            let isWhole = SHA256.hash(chunk.bytes) == digest && UInt64(chunk.count) == length
            return isWhole ? nil : "chunk \(digest) is damaged: its bytes have another digest"
        } catch {
            guard error.code == .damaged else { throw error }
            // A sweep may have taken it meanwhile.
            return try hasChunkRow(digest) ? error.description : nil
        }
    }

    private func verifyRecipes(
        _ scope: VerificationScope, _ found: inout Verification, _ progress: (Verification) throws -> Void
    ) throws {
        try rowPages(.recipe, from: [], upTo: nil) { key, value in
            guard scope.isPicked else { return }
            found.versions += 1
            if found.versions % 256 == 0 { try progress(found) }
            let key = key.withUnsafeBytes { Array($0) }
            var problems = try problems(of: value, key: key)
            // Deleted or given another head meanwhile? What is there now decides.
            if !problems.isEmpty {
                let now = try store.engine.row(.recipe, key)
                problems = try now.map { try self.problems(of: $0.span.bytes, key: key) } ?? RecipeProblems()
            }
            found.problems += problems.sentences
            if problems.isUnusable { found.causes.recipes.append(key) }
            if problems.isIndexDamaged { found.causes.isIndexDamaged = true }
        }
    }

    /// What is wrong with a version.
    private struct RecipeProblems {
        var sentences: [String] = []
        /// Whether its file cannot be read in whole.
        var isUnusable = false
        var isIndexDamaged = false

        var isEmpty: Bool { sentences.isEmpty }

        mutating func add(_ sentence: String) {
            sentences.append(sentence)
            isUnusable = true
        }
    }

    private func problems(of value: RawSpan, key: [UInt8]) throws -> RecipeProblems {
        var problems = RecipeProblems()
        guard let recipe = try? Recipe(value) else {
            problems.add("the recipe row \(hexadecimal(key)) is damaged")
            return problems
        }
        if recipe.reference.key() != key { problems.add("its identifiers are not those of its values") }
        for case .chunk(let chunk) in recipe.extents where try !isStored(chunk) {
            problems.add("chunk \(chunk.digest) is missing")
        }
        if let header = try store.engine.row(.header, key) {
            let digest = Recipe.dataSetDigest(
                extents: recipe.extents, header: header, headerIsDerived: recipe.scan.isDeflated)
            if digest != recipe.dataSetDigest { problems.add("its header has another digest than recorded") }
        } else {
            problems.add("its header row is missing")
        }
        let ofIndex = try indexProblems(of: recipe)
        problems.sentences += ofIndex
        problems.isIndexDamaged = !ofIndex.isEmpty
        problems.sentences = problems.sentences.map {
            "instance \(recipe.reference.instance) version \(recipe.version): \($0)"
        }
        return problems
    }

    private func verifyHeaders(_ scope: VerificationScope, _ found: inout Verification) throws {
        try rowPages(.header, from: [], upTo: nil) { key, _ in
            guard scope.isPicked else { return }
            found.rows += 1
            let key = key.withUnsafeBytes { Array($0) }
            if try store.engine.row(.recipe, key) == nil, try store.engine.row(.header, key) != nil,
                try store.engine.row(.recipe, key) == nil
            {
                found.problems.append("the header row \(hexadecimal(key)) has no recipe")
                found.causes.headers.append(key)
            }
        }
    }

    private func isStored(_ chunk: ChunkWriter.Reference) throws -> Bool {
        do throws(StoreError) {
            return try store.engine.chunkLength(chunk.digest) == UInt64(chunk.length)
        } catch {
            guard error.code == .damaged else { throw error }
            return false
        }
    }

    private func hasChunkRow(_ digest: SHA256Digest) throws(StoreError) -> Bool {
        do throws(StoreError) { return try store.engine.chunkLength(digest) != nil } catch {
            guard error.code == .damaged else { throw error }
            return true
        }
    }
}

/// Bytes of a key as messages show them.
func hexadecimal(_ bytes: [UInt8]) -> String {
    bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
}
