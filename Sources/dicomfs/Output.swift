import ArchiveControl
import ArgumentParser
import DICOMArchive
import Foundation
import Glibc

/// Which archive a command works on.
struct ArchiveOption: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The archive's folder. Default: the environment variable DICOMFS_ARCHIVE, or what the settings file says.",
            valueName: "dir"))
    var archive: String?

    /// The folder's path.
    func path() throws -> String {
        // A script's variable that is not set must not become the machine's archive.
        if archive == "" { throw ValidationError("--archive takes a folder.") }
        let environment = ProcessInfo.processInfo.environment
        // Who names it needs no settings file, not even one that can be read.
        if let path = archive ?? environment["DICOMFS_ARCHIVE"], !path.isEmpty { return path }
        let settings = try configuring { () throws(SettingsError) in
            try Settings.load([:], config: nil, environment: environment)
        }
        return try settings.archivePath()
    }

    /// Opens the archive, here or through the process that serves it.
    func open(
        create: Bool = false, command: String, storesInGroups: Bool = false
    ) throws -> ArchiveAccess {
        let path = try path()
        Signals.unblock()
        return try exiting { () throws(Failure) in
            try ArchiveAccess.open(path, create: create, command: command, storesInGroups: storesInGroups)
        }
    }
}

extension ArchiveOption {
    /// Opens the archive for work that nobody else may do beside it.
    func openAlone(command: String, acceptsLoss: Bool = false) throws -> Archive {
        let path = try path()
        Signals.unblock()
        do throws(ArchiveError) {
            return try Archive(
                mending: path, holder: ArchiveFolder.Holder(command: command), acceptsLoss: acceptsLoss)
        } catch {
            let message = error.code == .inUse ? "\(error.description); stop it first" : error.description
            return try exiting { () throws(Failure) in throw Failure(Failure(error).code, message) }
        }
    }
}

/// Does what may fail, with the exit code that belongs to the failure.
func exiting<Result>(_ body: () throws(Failure) -> Result) throws(ExitStatus) -> Result {
    do {
        return try body()
    } catch {
        let code: Int32 =
            switch error.code {
            case .noArchive: EX_NOINPUT
            case .inUse: EX_TEMPFAIL
            default: EXIT_FAILURE
            }
        throw ExitStatus(code: code, message: error.description)
    }
}

/// Standard output and error, as people and scripts want them.
enum Output {
    /// Whether standard error is a terminal: progress is shown only there.
    static var isTerminal: Bool { isatty(STDERR_FILENO) == 1 }

    /// A value as JSON with sorted keys.
    static func json(_ value: some Encodable, isPretty: Bool = true) -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        if isPretty { encoder.outputFormatting.insert(.prettyPrinted) }
        return (try? encoder.encode(value)).map { String(decoding: $0, as: UTF8.self) } ?? "null"
    }

    /// Rows with their columns below each other.
    static func table(_ rows: [[String]]) {
        let widths = (0..<(rows.first?.count ?? 0)).map { column in rows.map { $0[column].count }.max() ?? 0 }
        for row in rows {
            let cells = zip(row, widths).map { $0 + String(repeating: " ", count: $1 - $0.count) }
            print(printable(String(cells.joined(separator: "  ").reversed().drop { $0 == " " }.reversed())))
        }
    }

    /// A line on standard output, at once also into a pipe.
    static func line(_ text: String) {
        print(text)
        fflush(nil)
    }

    /// Says so when something printed could not be written, as on a full disk.
    static func finish() throws(ExitStatus) {
        guard fflush(nil) != 0 else { return }
        throw ExitStatus(
            code: EXIT_FAILURE, message: "cannot write to standard output: \(String(cString: strerror(errno)))")
    }

    /// A line on standard error.
    static func complain(_ line: String) { write(printable(line) + "\n") }

    /// Text without control characters, which values from files and the network may bring.
    static func printable(_ text: String) -> String {
        String(
            String.UnicodeScalarView(text.unicodeScalars.map { $0.properties.generalCategory == .control ? "?" : $0 }))
    }

    /// A bar of progress, with a space behind it; nothing while the whole is not known.
    static func bar(_ done: Int, of total: Int) -> String {
        guard total > 0 else { return "" }
        let share = min(1, Double(done) / Double(total))
        let full = Int(share * 20)
        return "[" + String(repeating: "#", count: full) + String(repeating: "-", count: 20 - full)
            + "] \(Int(share * 100)) % "
    }

    /// Rewrites the progress line.
    static func progress(_ line: String) { write("\r\u{1B}[K\(line)") }

    /// At once; if it cannot be written there is no place left to say so.
    private static func write(_ text: String) {
        var text = text
        text.withUTF8 { bytes in
            var rest = UnsafeRawBufferPointer(bytes)[...]
            while !rest.isEmpty {
                let count = Glibc.write(STDERR_FILENO, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
                if count < 0, errno == EINTR { continue }
                guard count > 0 else { return }
                rest = rest.dropFirst(count)
            }
        }
    }

    /// Bytes with a unit of 1024.
    static func size(_ bytes: UInt64) -> String {
        let units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"]
        var value = Double(bytes)
        var unit = 0
        while value >= 1024, unit < units.count - 1 {
            value /= 1024
            unit += 1
        }
        return unit == 0 ? "\(bytes) B" : "\((value * 10).rounded() / 10) \(units[unit])"
    }
}
