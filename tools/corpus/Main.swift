import ArgumentParser
import Glibc

/// What the benchmarks need and the program does not: archives to measure with, and loops that cost nothing themselves.
@main
struct Corpus: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "corpus",
        abstract: "Make archives to measure with, and measure with compiled loops.",
        subcommands: [Make.self, ReadLoop.self, TimeOpen.self, TimeFind.self],
        defaultSubcommand: Make.self)

    static func main() {
        do {
            var command = try parseAsRoot()
            try command.run()
        } catch {
            exit(withError: error)
        }
        // Not by way of exit(3): a thread that outlasts the command, with the last hold on the archive, must not meet the
        // destructors of the libraries. What was committed is on disk.
        fflush(nil)
        _exit(EXIT_SUCCESS)
    }
}

/// A sentence that ends the program.
struct Problem: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}
