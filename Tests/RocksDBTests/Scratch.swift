import Foundation
import RocksDB
import TestSupport

/// A database of a test's own with two families.
struct Scratch {
    let folder: TemporaryFolder
    let path: String

    init() throws {
        folder = try TemporaryFolder()
        path = folder.appending("db")
    }

    func open(
        create: Bool = true, _ change: (inout DatabaseOptions) -> Void = { _ in }
    ) throws(RocksDBError) -> Database {
        var options = DatabaseOptions()
        options.createIfMissing = create
        change(&options)
        var other = ColumnFamilyOptions(name: "second")
        other.compression = .none
        other.tableFileSize = 8 << 10
        var plain = ColumnFamilyOptions(name: "plain")
        plain.bloomBitsPerKey = 10
        return try Database.open(path: path, families: [plain, other], options: options)
    }

    /// The files of the database with this extension, in order of their numbers.
    func files(_ extension: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: path).filter { $0.hasSuffix("." + `extension`) }.sorted()
            .map { "\(path)/\($0)" }
    }

    /// All files with their bytes but those that RocksDB logs to.
    func contents() throws -> [String: Data] {
        var contents: [String: Data] = [:]
        for name in try FileManager.default.contentsOfDirectory(atPath: path) where !name.hasPrefix("LOG") {
            contents[name] = try Data(contentsOf: URL(fileURLWithPath: "\(path)/\(name)"))
        }
        return contents
    }
}

extension Database {
    func put(_ key: [UInt8], _ value: [UInt8], in name: String = "plain", synced: Bool = false) throws {
        var batch = WriteBatch()
        batch.put(key.span.bytes, value.span.bytes, in: try family(name))
        try write(batch, synced ? .synced : .logged)
    }

    func delete(_ key: [UInt8], in name: String = "plain") throws {
        var batch = WriteBatch()
        batch.delete(key.span.bytes, in: try family(name))
        try write(batch, .logged)
    }

    func value(_ key: [UInt8], in name: String = "plain") throws -> [UInt8]? {
        guard let value = try get(key.span.bytes, in: family(name)) else { return nil }
        return value.bytes.withUnsafeBytes { Array($0) }
    }

    func keys(from lower: [UInt8], upTo upper: [UInt8]?) throws -> [[UInt8]] {
        var keys: [[UInt8]] = []
        var cursor = cursor(in: try family("plain"), from: lower, upTo: upper)
        while try cursor.isValid() {
            keys.append(cursor.key.withUnsafeBytes { Array($0) })
            cursor.next()
        }
        return keys
    }
}

/// Bytes that do not compress, the same for the same seed.
func noise(_ count: Int, seed: UInt64) -> [UInt8] {
    var state = seed &* 0x9E37_79B9_7F4A_7C15 | 1
    return (0..<count).map { _ in
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return UInt8(truncatingIfNeeded: state >> 32)
    }
}
