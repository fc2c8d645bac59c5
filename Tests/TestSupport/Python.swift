import Foundation

/// The Python of the tests' own virtual environment, with pydicom, pynetdicom, Pillow and numpy.
package enum Python {
    /// Its path, from the environment variable DICOMFS_TEST_PYTHON that `tools/test` sets; nil without.
    package static let path = ProcessInfo.processInfo.environment["DICOMFS_TEST_PYTHON"]

    /// Why tests that need it are skipped without it.
    package static let missing = "DICOMFS_TEST_PYTHON names no Python with pydicom; tools/test sets it"

    /// Runs a script with arguments.
    package static func run(_ script: String, _ arguments: [String] = [], input: String = "") throws -> Program {
        guard let path else { throw CocoaError(.fileNoSuchFile, userInfo: [NSLocalizedDescriptionKey: missing]) }
        return try Program.run(path, ["-c", script] + arguments, input: input)
    }

    /// The folder of the real files that pydicom carries; nil when there is no pydicom.
    package static let testFiles: String? = {
        let script = "import os, pydicom; print(os.path.join(os.path.dirname(pydicom.__file__), 'data', 'test_files'))"
        guard let found = try? run(script), found.status == 0 else { return nil }
        return found.output.trimmingCharacters(in: .whitespacesAndNewlines)
    }()
}
