import ArgumentParser
import DICOM
import DICOMArchive
import Glibc

/// Times queries on an archive that nobody serves, without a network.
struct TimeFind: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "time-find",
        abstract: "Time a query, and print the milliseconds to its first and last match.",
        discussion: """
            Prints one JSON object a round: `matches`, `first` and `last`; the latter two are milliseconds. The first round finds \
            the database's caches empty, if not the system's.

              tools/make-corpus time-find --archive /var/tmp/b --level study --key 00100010='*999*'
            """)

    @Option(help: ArgumentHelp("The archive.", valueName: "dir"))
    var archive: String

    @Option(help: "patient, study, series or instance.")
    var level = "study"

    @Option(help: ArgumentHelp("A key: eight hexadecimal digits, =, and what it is to match.", valueName: "key"))
    var key: [String] = []

    @Option(help: "How many times.")
    var rounds = 3

    func run() throws {
        guard let level = Level.allCases.first(where: { $0.name == level }) else {
            throw Problem("\(self.level) is no level")
        }
        let keys = try key.map { text in
            guard let number = UInt32(text.prefix(8), radix: 16), text.dropFirst(8).first == "=" else {
                throw Problem("\(text) is no key")
            }
            let tag = Tag(rawValue: number)
            let values = text.dropFirst(9).split(separator: "\\").map { String($0) }
            return QueryKey(tag, AttributeMatch(DataDictionary.vr(of: tag) ?? .lo, values))
        }
        let archive = try Archive(path: archive, create: false, holder: .init(command: "time-find"))
        for _ in 0..<rounds {
            let begin = now()
            var first: Double?
            var matches = 0
            try archive.find(Query(level, keys)) { match in
                // What a peer would ask for.
                for tag in [Tag.patientName, .patientID, .studyInstanceUID, .studyDate] { _ = try match.texts(tag) }
                if first == nil { first = now() - begin }
                matches += 1
                return true
            }
            print(#"{"matches": \#(matches), "first": \#(first ?? 0), "last": \#(now() - begin)}"#)
        }
    }

    private func now() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Double(time.tv_sec) * 1e3 + Double(time.tv_nsec) / 1e6
    }
}
