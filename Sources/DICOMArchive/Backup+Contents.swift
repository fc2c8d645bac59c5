import Foundation

extension Backup {
    /// What a backup holds.
    package struct Contents: Codable, Sendable {
        /// The version of this form.
        var form = currentForm
        /// The database it is of: its IDENTITY, which a restored one does not share.
        var database = ""
        /// Where that was.
        package var archive = ""
        /// When it was made: seconds since 1970.
        package var made = 0
        /// The folder under `checkpoints`.
        var checkpoint = ""
        /// The files under `tables`, and their bytes.
        var tables: [String: Int] = [:]
        /// The files under `chunks`, and their bytes.
        var chunks: [String: Int] = [:]
        /// The files under the checkpoint's folder, and their bytes.
        var others: [String: Int] = [:]

        /// All of its bytes.
        package var bytes: Int { [tables, chunks, others].reduce(0) { $0 + $1.values.reduce(0, +) } }

        static let currentForm = 2

        mutating func add(_ member: Member, _ size: Int) {
            switch member.kind {
            case .table: tables[member.name] = size
            case .chunks: chunks[member.name] = size
            case .other: others[member.name] = size
            }
        }
    }

    /// What the folder holds; nil when no backup in it is complete.
    package func contents() throws(ArchiveError) -> Contents? {
        let name = path + "/" + Self.contentsFile
        guard let data = FileManager.default.contents(atPath: name) else { return nil }
        guard let contents = try? JSONDecoder().decode(Contents.self, from: data) else {
            throw ArchiveError(.damaged, "\(name) cannot be read; make the backup anew in another folder")
        }
        guard contents.form == Contents.currentForm else {
            throw ArchiveError(.unusable, "the backup \(path) was made by another version of dicomfs; use that")
        }
        // They become parts of paths.
        let names = [contents.checkpoint] + contents.tables.keys + contents.chunks.keys + contents.others.keys
        guard names.allSatisfy({ !$0.isEmpty && !$0.hasPrefix(".") && !$0.contains("/") && !$0.contains("\0") }) else {
            throw ArchiveError(.damaged, "\(name) names files outside of it; make the backup anew in another folder")
        }
        return contents
    }
}
