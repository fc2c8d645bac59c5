import Foundation
import TestSupport
import Testing

/// All services at once, for as long as a test may take: `tools/bench/mixed` is for longer.
@Suite(.enabled(if: Python.path != nil, "\(Python.missing)"))
struct MixedServiceTests {
    private static let tool =
        URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().path + "/tools/bench/mixed"

    @Test func `associations that echo, store, find, move, get and commit at once all get what they ask for`() throws {
        let python = try #require(Python.path)
        let done = try Program.run(python, [Self.tool, "--short", "--program", DicomFS.path, "--scratch", "/tmp"])
        #expect(done.status == 0, "\(done.output)\(done.errors)")
        #expect(done.output.contains("verify, exit status"))
    }

    @Test func `the tool that asks for all says what is wrong, and fails`() throws {
        let python = try #require(Python.path)
        let options = [
            "--associations", "1", "--processes", "1", "--seconds", "0", "--memory", "1", "--scratch", "/tmp",
        ]
        let done = try Program.run(python, [Self.tool, "--short", "--program", DicomFS.path] + options)
        #expect(done.status == 1, "\(done.errors)")
        #expect(done.output.contains("MiB    <= 1.0     short"), "\(done.output)")
    }
}
