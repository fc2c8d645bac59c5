import Foundation
import TestSupport

/// The built program, run as a user runs it.
enum DicomFS {
    /// Its path: the environment variable DICOMFS_TEST_PROGRAM that `tools/test` sets, else the debug build.
    static let path =
        ProcessInfo.processInfo.environment["DICOMFS_TEST_PROGRAM"]
        ?? URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().path + "/.build/debug/dicomfs"

    /// Runs a command to its end.
    static func run(_ arguments: String...) throws -> Program { try Program.run(path, arguments) }

    /// Runs a command with `--json` and reads what it printed.
    static func json<Value: Decodable>(_ type: Value.Type, _ arguments: String...) throws -> Value {
        let done = try Program.run(path, arguments + ["--json"])
        guard done.status == 0 else { throw UnexpectedExit(program: done) }
        return try JSONDecoder().decode(type, from: Data(done.output.utf8))
    }
}

/// A program that should have succeeded.
struct UnexpectedExit: Error, CustomStringConvertible {
    let program: Program

    var description: String { "exit \(program.status): \(program.output)\(program.errors)" }
}

/// A resource as `list --json` and `show --json` print it; only what the tests look at.
struct Listed: Decodable {
    var level: String
    var id: String
    var path: String
    var size: Int?
    var versions: Int?
    var sopInstanceUID: String?
    var patientName: String?

    private enum CodingKeys: String, CodingKey {
        case level, id, path, size, versions
        case sopInstanceUID = "SOPInstanceUID"
        case patientName = "PatientName"
    }
}
