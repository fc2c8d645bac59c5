import Foundation
import Glibc

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
        /// All files of the archive.
        var files: [File] = []

        /// A file of the archive.
        struct File: Codable {
            /// Where it is in the backup's folder.
            var path: String
            /// Where it was in the archive's.
            var origin: String
            /// Its length.
            var bytes: Int
        }

        /// All of its bytes.
        package var bytes: Int { files.reduce(0) { $0 + $1.bytes } }

        static let currentForm = 2
    }

    /// What the folder holds; nil when no backup in it is complete.
    package func contents() throws(ArchiveError) -> Contents? {
        let name = path + "/" + Self.contentsFile
        guard access(name, F_OK) == 0 || errno != ENOENT else { return nil }
        let data = FileManager.default.contents(atPath: name) ?? Data()
        guard let contents = try? JSONDecoder().decode(Contents.self, from: data) else {
            throw ArchiveError(.damaged, "\(name) cannot be read; make the backup anew in another folder")
        }
        guard contents.form == Contents.currentForm else {
            throw ArchiveError(.unusable, "the backup \(path) was made by another version of dicomfs; use that")
        }
        let places = contents.files.flatMap { [$0.path, $0.origin] }
        guard places.allSatisfy(Self.isWithin) else {
            throw ArchiveError(.damaged, "\(name) names files outside of it; make the backup anew in another folder")
        }
        return contents
    }

    /// Whether a path leads to a file below where it begins.
    private static func isWithin(_ path: String) -> Bool {
        path.split(separator: "/", omittingEmptySubsequences: false).allSatisfy {
            !$0.isEmpty && !$0.hasPrefix(".") && !$0.utf8.contains(0)
        }
    }
}
