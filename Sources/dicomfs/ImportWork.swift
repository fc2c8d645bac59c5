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
    private struct State {
        var counts = ImportCounts()
        var failure: Failure?
        var running = 0
        var shown = ContinuousClock.now
    }

    private let files: FileWalk
    private let access: ArchiveAccess
    private let paths: [String]
    private let isQuiet: Bool
    private let state = Mutex(State())
    private let ended = Gate()
    /// How many files there are; 0 until they are counted.
    private let total = Atomic<Int>(0)

    /// - Parameters:
    ///   - paths: files and folders.
    ///   - isQuiet: whether nothing is said of single files, and no progress is shown.
    init(paths: [String], access: ArchiveAccess, isQuiet: Bool) {
        self.paths = paths
        files = FileWalk(paths)
        self.access = access
        self.isQuiet = isQuiet
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
        do throws(Failure) {
            try access.perform(.importFile(name: path.string), file: file.rawValue) { event in
                guard case .imported(let result) = event else { return }
                self.count(result)
            }
        } catch {
            switch error.code {
            case .notAnInstance: skip(error.description)
            case .refused: refuse(error.description)
            default: state.withLock { $0.failure = $0.failure ?? error }
            }
        }
    }

    private func count(_ result: ImportResult) {
        state.withLock { state in
            switch result {
            case .stored: state.counts.stored += 1
            case .alreadyStored: state.counts.alreadyStored += 1
            case .newVersion: state.counts.newVersions += 1
            }
        }
    }

    private func skip(_ sentence: String) {
        state.withLock { $0.counts.skipped.append(sentence) }
        say("skipped \(sentence)")
    }

    private func refuse(_ sentence: String) {
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
    private func showProgress() {
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
