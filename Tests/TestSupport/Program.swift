import Foundation

/// A program run to its end by a test.
package struct Program: Sendable {
    /// Its exit status; of one that a signal ended, the signal's number and 128.
    package let status: Int32
    /// What it wrote to standard output.
    package let output: String
    /// What it wrote to standard error.
    package let errors: String

    /// Runs a program, found in PATH unless its name has a slash.
    ///
    /// - Parameters:
    ///   - environment: variables set besides those of the test.
    ///   - input: its standard input.
    package static func run(
        _ name: String, _ arguments: [String], environment: [String: String] = [:], input: String = ""
    ) throws -> Program {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: name.contains("/") ? name : "/usr/bin/env")
        process.arguments = name.contains("/") ? arguments : [name] + arguments
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        // Files instead of pipes: neither side can wait for the other.
        let folder = try TemporaryFolder()
        let paths = try ["in", "out", "err"].map { try folder.write($0, $0 == "in" ? Array(input.utf8) : []) }
        process.standardInput = FileHandle(forReadingAtPath: paths[0])
        process.standardOutput = FileHandle(forWritingAtPath: paths[1])
        process.standardError = FileHandle(forWritingAtPath: paths[2])
        try process.run()
        process.waitUntilExit()
        func text(_ path: String) throws -> String {
            String(decoding: try Data(contentsOf: URL(fileURLWithPath: path)), as: UTF8.self)
        }
        let signal: Int32 = process.terminationReason == .uncaughtSignal ? 128 : 0
        return Program(
            status: process.terminationStatus + signal, output: try text(paths[1]), errors: try text(paths[2]))
    }
}
