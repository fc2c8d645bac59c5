import ArgumentParser
import DICOM
import DICOMArchive
import Glibc
import Synchronization
import Threads

/// Stores a corpus straight into an archive, or writes its files.
///
/// On a machine with 2 cores that others kept busy (load 8), 1,000,000 patients of one instance without image took 13.5 min,
/// 8 of them processor time; 20,000 took 5.2 s, and 2,000 images of 512 KiB 3.4 s.
struct Make: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Make a seeded corpus: the same arguments give the same instances.",
        discussion: """
            Instances are CT images whose pixels are noise, no two alike. They go straight into an archive that nobody \
            serves, are written as files DIR/patient/study/series/000001.dcm, or both.

              tools/make-corpus --archive /var/tmp/a --patients 20 --instances 500 --size 524288
              tools/make-corpus --archive /var/tmp/b --patients 1000000 --size 0
            """)

    @Option(help: ArgumentHelp("Store into the archive in this folder; made when missing.", valueName: "dir"))
    var archive: String?

    @Option(help: ArgumentHelp("Write Part 10 files into this folder.", valueName: "dir"))
    var files: String?

    @Option(help: "Patients.")
    var patients = 1

    @Option(help: "Studies of each patient.")
    var studies = 1

    @Option(help: "Series of each study.")
    var series = 1

    @Option(help: "Instances of each series.")
    var instances = 1

    @Option(help: "Bytes of pixel data of each instance: 524288 are 512 x 512 pixels of 16 bits; 0 for no image.")
    var size = 524_288

    @Option(help: "Part of all identifiers, and of the noise.")
    var seed: UInt64 = 1

    func validate() throws {
        guard archive != nil || files != nil else { throw ValidationError("Give --archive, --files or both.") }
        for (name, number) in [
            ("patients", patients), ("studies", studies), ("series", series), ("instances", instances),
        ] where number < 1 {
            throw ValidationError("--\(name) takes a number from 1.")
        }
        guard let count = shape.count, count <= 100_000_000 else { throw ValidationError("That is too many.") }
        guard seed <= UInt64(UInt32.max) else {
            throw ValidationError("--seed takes a number below 2^32: it goes into UIDs.")
        }
        let image = shape.imageSize
        guard size >= 0, size % 2 == 0, image.columns <= 65_535 else {
            throw ValidationError("--size takes an even number whose half is rows times columns below 65536.")
        }
    }

    private var shape: CorpusShape {
        CorpusShape(seed: seed, patients: patients, studies: studies, series: series, instances: instances, size: size)
    }

    func run() throws {
        let archive = try archive.map {
            try Archive(path: $0, create: true, holder: ArchiveFolder.Holder(command: "make-corpus"))
        }
        let begin = ContinuousClock.now
        let work = CorpusWork(shape: shape, archive: archive, files: files)
        try work.run()
        let seconds = (ContinuousClock.now - begin) / .seconds(1)
        print("\(shape.count ?? 0) instances in \((seconds * 10).rounded() / 10) s")
    }
}

/// The making of a corpus by many threads: those that wait for the disk share one synced write.
private final class CorpusWork: Sendable {
    /// The archive commits as many at a time.
    private static let threads = 64

    private let shape: CorpusShape
    private let archive: Archive?
    private let files: String?
    private let count: Int
    private let next = Atomic<Int>(0)
    private let problem = Mutex<(any Error)?>(nil)
    private let running = Atomic<Int>(CorpusWork.threads)
    private let ended = Gate()

    init(shape: CorpusShape, archive: Archive?, files: String?) {
        self.shape = shape
        self.archive = archive
        self.files = files
        count = shape.count ?? 0
    }

    func run() throws {
        for _ in 0..<Self.threads {
            Thread.start { [self] in
                makeSome()
                if running.subtract(1, ordering: .acquiringAndReleasing).newValue == 0 { ended.open() }
            }
        }
        while !ended.wait(milliseconds: 200) { showProgress() }
        show("")
        if let problem = problem.withLock({ $0 }) { throw problem }
    }

    private func makeSome() {
        while problem.withLock({ $0 == nil }) {
            let place = next.add(1, ordering: .relaxed).oldValue
            guard place < count else { return }
            do { try make(shape.instance(place)) } catch { problem.withLock { $0 = error } }
        }
    }

    private func make(_ instance: CorpusInstance) throws {
        let dataSet = instance.dataSet
        let transferSyntax = TransferSyntax.explicitVRLittleEndian.uid
        if let archive {
            let ingest = archive.beginInstance(
                head: .newest, transferSyntaxUID: transferSyntax,
                sender: Sender(kind: .store, callingAETitle: "CORPUS", host: "127.0.0.1"))
            try ingest.receive(dataSet.span.bytes)
            _ = try ingest.prepare().commit()
        }
        guard let files else { return }
        // The archive gives the file the same head.
        let head = Part10Head.generated(
            format: Part10Head.currentFormat, sopClassUID: CorpusInstance.sopClassUID,
            sopInstanceUID: instance.sopInstanceUID, transferSyntaxUID: transferSyntax)
        try write([head ?? [], dataSet], to: "\(files)/\(instance.folder)", name: instance.fileName)
    }

    private func write(_ parts: [[UInt8]], to folder: String, name: String) throws {
        if access(folder, W_OK) != 0 { makeFolders(folder) }
        let path = "\(folder)/\(name)"
        let file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard file >= 0 else { throw Problem("cannot write \(path): \(String(cString: strerror(errno)))") }
        defer { close(file) }
        for part in parts where Glibc.write(file, part, part.count) != part.count {
            throw Problem("cannot write \(path): \(String(cString: strerror(errno)))")
        }
    }

    /// As far as they can be made: what is missing shows when a file is opened.
    private func makeFolders(_ path: String) {
        var made = ""
        for part in path.split(separator: "/", omittingEmptySubsequences: false) {
            made += part
            if !made.isEmpty { mkdir(made, 0o755) }
            made += "/"
        }
    }

    private func showProgress() {
        let done = min(count, next.load(ordering: .relaxed))
        show("\(done) of \(count), \(done * 100 / max(1, count)) %")
    }

    /// On a terminal, in place of what was shown before.
    private func show(_ line: String) {
        guard isatty(STDERR_FILENO) == 1 else { return }
        let line = Array("\r\u{1B}[K\(line)".utf8)
        _ = Glibc.write(STDERR_FILENO, line, line.count)
    }
}
