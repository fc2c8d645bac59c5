import ArgumentParser

/// What the benchmarks need and the program does not: archives to measure with, and loops that cost nothing themselves.
@main
struct Corpus: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "corpus",
        abstract: "Make archives to measure with, and measure with compiled loops.",
        subcommands: [Make.self, ReadLoop.self, TimeOpen.self],
        defaultSubcommand: Make.self)
}

/// A sentence that ends the program.
struct Problem: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}
