import ArchiveControl
import Synchronization
import SystemPackage
import Threads

/// What an import did.
struct ImportCounts: Encodable, Sendable {
    var stored = 0
    var alreadyStored = 0
    var newVersions = 0
    /// A sentence for each file.
    var skipped: [String] = []
    var refused: [String] = []

    var files: Int { stored + alreadyStored + newVersions + skipped.count + refused.count }
}

/// The files of an import, stored by several threads.
final class ImportWork: Sendable {
    /// Bytes that are put on disk together: enough that a sync for them costs little.
    private static let group: UInt64 = 44 << 20

    private struct State {
        var counts = ImportCounts()
        var failure: Failure?
        var running = 0
        /// Stored, and maybe not on disk yet.
        var unflushed: [(String, ImportResult)] = []
        var isFlushing = false
        var shown = ContinuousClock.now
    }

    private let files: FileWalk
    let access: ArchiveAccess
    private let paths: [String]
    private let isQuiet: Bool
    private let isVerbose: Bool
    private let state = Mutex(State())
    private let ended = Gate()
    /// How many files there are; 0 until they are counted.
    private let total = Atomic<Int>(0)

    /// - Parameters:
    ///   - paths: files and folders.
    ///   - isQuiet: whether nothing is said of single files, and no progress is shown.
    ///   - isVerbose: whether each file that is on disk is named on standard output.
    init(paths: [String], access: ArchiveAccess, isQuiet: Bool, isVerbose: Bool) {
        self.paths = paths
        files = FileWalk(paths)
        self.access = access
        self.isQuiet = isQuiet
        self.isVerbose = isVerbose
    }

    var counts: ImportCounts { state.withLock { $0.counts } }

    /// Why the import ended early, when it did: no file after that was looked at.
    var failure: Failure? { state.withLock { $0.failure } }

    /// Stores the files; returns when all are done.
    func run(jobs: Int) {
        state.withLock { $0.running = jobs }
        if showsProgress { Thread.start { [self] in countFiles() } }
        for _ in 0..<jobs {
            Thread.start { [self] in
                while failure == nil, let found = files.next() { take(found) }
                let isLast = state.withLock { state in
                    state.running -= 1
                    return state.running == 0
                }
                if isLast { ended.open() }
            }
        }
        ended.wait()
        flush()
    }

    private func take(_ found: FileWalk.Found) {
        switch found {
        case .file(let path): store(path)
        case .special(let path): skip("\(path): not a regular file")
        case .unreadable(let path, let reason): refuse("\(path): the folder cannot be read: \(reason)")
        }
        showProgress()
    }

    private func store(_ path: FilePath) {
        let file: FileDescriptor
        do {
            file = try FileDescriptor.open(path, .readOnly, options: [.closeOnExec, .nonBlocking])
        } catch {
            return refuse("\(path): cannot be opened: \(error)")
        }
        defer { try? file.close() }
        if Self.isContainer(file) { return storeMembers(of: file, path.string) }
        note(path.string) { () throws(Failure) in
            try access.perform(.importFile(name: path.string), file: file.rawValue) { self.take($0, path.string) }
        }
    }

    /// Stores something, and counts what is said of it.
    func note(_ name: String, _ body: () throws(Failure) -> Void) {
        do throws(Failure) { try body() } catch {
            switch error.code {
            case .notAnInstance: skip(error.description)
            case .refused: refuse(error.description)
            default: state.withLock { $0.failure = $0.failure ?? error }
            }
        }
        if access.unflushedBytes >= Self.group { flush() }
    }

    func take(_ event: ControlEvent, _ name: String) {
        guard case .imported(let result) = event else { return }
        if access.isFlushNeeded {
            state.withLock { $0.unflushed.append((name, result)) }
        } else {
            acknowledge(result, name)
        }
    }

    /// Puts on disk what is stored, unless another thread is at it, and acknowledges it.
    private func flush() {
        let taken = state.withLock { state -> [(String, ImportResult)] in
            guard !state.isFlushing, !state.unflushed.isEmpty else { return [] }
            state.isFlushing = true
            defer { state.unflushed = [] }
            return state.unflushed
        }
        guard !taken.isEmpty else { return }
        do throws(Failure) {
            try access.flush()
            for (path, result) in taken { acknowledge(result, path) }
        } catch {
            state.withLock { $0.failure = $0.failure ?? error }
        }
        state.withLock { $0.isFlushing = false }
    }

    /// Counts what is on disk.
    private func acknowledge(_ result: ImportResult, _ path: String) {
        let (what, id) = state.withLock { state in
            switch result {
            case .stored(let id):
                state.counts.stored += 1
                return ("stored", id)
            case .alreadyStored(let id):
                state.counts.alreadyStored += 1
                return ("already stored", id)
            case .newVersion(let id, let number):
                state.counts.newVersions += 1
                return ("version \(number)", id)
            }
        }
        if isVerbose { Output.line(Output.printable("\(what) \(id) \(path)")) }
    }

    private func skip(_ sentence: String) {
        state.withLock { $0.counts.skipped.append(sentence) }
        say("skipped \(sentence)")
    }

    func refuse(_ sentence: String) {
        state.withLock { $0.counts.refused.append(sentence) }
        say("refused \(sentence)")
    }

    private func say(_ line: String) {
        guard !isQuiet else { return }
        if Output.isTerminal { Output.progress("") }
        Output.complain(line)
    }

    private var showsProgress: Bool { !isQuiet && Output.isTerminal }

    /// Beside the import, which need not wait for it.
    private func countFiles() {
        let files = FileWalk(paths)
        var count = 0
        while failure == nil, files.next() != nil { count += 1 }
        total.store(count, ordering: .relaxed)
    }

    /// Ten times a second at most, and only on a terminal.
    func showProgress() {
        guard showsProgress else { return }
        let line = state.withLock { state -> String? in
            guard state.shown.duration(to: .now) > .milliseconds(100) else { return nil }
            state.shown = .now
            let counts = state.counts
            let total = total.load(ordering: .relaxed)
            return Output.bar(counts.files, of: total)
                + "\(counts.files) files: \(counts.stored) stored, \(counts.alreadyStored) already stored, "
                + "\(counts.skipped.count) skipped, \(counts.refused.count) refused"
        }
        if let line { Output.progress(line) }
    }
}
