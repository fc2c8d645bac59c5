import Foundation
import Glibc

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
        // Files instead of pipes: neither side can wait for the other.
        let folder = try TemporaryFolder()
        let input = open(try folder.write("in", Array(input.utf8)), O_RDONLY | O_CLOEXEC)
        let output = open(try folder.write("out", []), O_RDWR | O_CLOEXEC)
        let errors = open(try folder.write("err", []), O_RDWR | O_CLOEXEC)
        defer { for descriptor in [input, output, errors] { close(descriptor) } }
        let child = try ChildProcess(name, arguments, environment: environment, descriptors: (input, output, errors))
        let status = child.wait()
        func text(_ name: String) throws -> String {
            String(decoding: try Data(contentsOf: URL(fileURLWithPath: folder.appending(name))), as: UTF8.self)
        }
        return Program(status: status, output: try text("out"), errors: try text("err"))
    }

    /// Makes a copy of a program that can be run at once: another process writes it, since a descriptor of ours would live on in
    /// programs that other tests start meanwhile, and what is open for writing cannot be run (execve(2), ETXTBSY).
    package static func copy(_ program: String, to path: String) throws {
        let done = try run("cp", ["--preserve=mode", program, path])
        guard done.status == 0 else { throw CocoaError(.fileWriteUnknown, userInfo: [NSFilePathErrorKey: path]) }
    }
}
