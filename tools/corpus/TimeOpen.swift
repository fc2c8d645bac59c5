import ArgumentParser
import Glibc

/// Times system calls on files, with nothing between them that takes time itself.
struct TimeOpen: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "time-open",
        abstract: "Time opening, reading or looking at files, and print the nanoseconds of each.",
        discussion: """
            Goes through the files once for each --rounds and prints one JSON object: `operations`, `bytes`, `seconds`, \
            `nanoseconds` (the mean of the fastest round) and, with --percentiles, `p50` and `p99` of all operations.
            """)

    /// What is done with each file.
    enum Kind: String, CaseIterable, ExpressibleByArgument {
        case openReadClose = "open-read-close"
        case openClose = "open-close"
        case stat
    }

    @Option(help: "What is done with each file: open-read-close, open-close or stat.")
    var kind = Kind.openReadClose

    @Option(help: "How many times all files are gone through.")
    var rounds = 1

    @Flag(help: "Time each operation by itself.")
    var percentiles = false

    @Argument(help: ArgumentHelp("Files; without any, one a line from standard input.", valueName: "file"))
    var files: [String] = []

    func validate() throws {
        guard rounds >= 1 else { throw ValidationError("--rounds takes a number from 1.") }
    }

    func run() throws {
        var files = files
        while self.files.isEmpty, let line = readLine() { files.append(line) }
        guard !files.isEmpty else { throw Problem("no files given") }
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 4096)
        defer { buffer.deallocate() }
        buffer.initializeMemory(as: UInt8.self, repeating: 0)

        var bytes = 0
        var times: [UInt64] = []
        if percentiles { times.reserveCapacity(files.count * rounds) }
        var fastest = UInt64.max
        var all: UInt64 = 0
        for _ in 0..<rounds {
            let begin = now()
            for file in files {
                let before = percentiles ? now() : 0
                let count = file.withCString { perform($0, buffer) }
                guard count >= 0 else { throw Problem("\(file): \(String(cString: strerror(errno)))") }
                bytes += count
                if percentiles { times.append(now() - before) }
            }
            let taken = now() - begin
            fastest = min(fastest, taken)
            all += taken
        }
        var fields = [
            #""operations": \#(files.count * rounds)"#, #""bytes": \#(bytes)"#, #""seconds": \#(Double(all) / 1e9)"#,
            #""nanoseconds": \#(Double(fastest) / Double(files.count))"#,
        ]
        if percentiles {
            times.sort()
            fields += [
                #""p50": \#(times[times.count / 2])"#,
                #""p99": \#(times[min(times.count - 1, times.count * 99 / 100)])"#,
            ]
        }
        print("{" + fields.joined(separator: ", ") + "}")
    }

    /// Bytes read; below 0 with errno set when it failed.
    private func perform(_ file: UnsafePointer<CChar>, _ buffer: UnsafeMutableRawBufferPointer) -> Int {
        if kind == .stat {
            var status = Glibc.stat()
            return Int(fstatat(AT_FDCWD, file, &status, 0))
        }
        let descriptor = open(file, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return -1 }
        defer { close(descriptor) }
        var bytes = 0
        while kind == .openReadClose {
            let count = read(descriptor, buffer.baseAddress, buffer.count)
            guard count >= 0 else { return -1 }
            bytes += count
            // A file that ends in this read: another would only hear so.
            if count < buffer.count { break }
        }
        return bytes
    }

    private func now() -> UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }
}
