import ArchiveControl
import DICOM
import DICOMNetwork
import Glibc
import Synchronization
import Threads

/// A Part 10 file on its way to a peer, as it is.
struct OutgoingFile: OutgoingInstance {
    let path: String
    let sopClassUID: String
    let sopInstanceUID: String
    let transferSyntaxUID: String
    private let dataSetOffset: Int

    /// Nil when it is no DICOM file with a head.
    init?(_ path: String) throws {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { throw UnreadableFile(path, errno) }
        defer { close(file) }
        let beginning = [UInt8](unsafeUninitializedCapacity: Part10.bytesToRecognize) { buffer, count in
            count = max(0, pread(file, buffer.baseAddress, buffer.count, 0))
        }
        guard case .file(let head) = Part10.recognize(beginning.span.bytes), let syntax = head.transferSyntax,
            let sopClass = head.sopClassUID, let instance = head.sopInstanceUID, !sopClass.isEmpty, !instance.isEmpty
        else { return nil }
        self.path = path
        sopClassUID = sopClass
        sopInstanceUID = instance
        transferSyntaxUID = syntax.uid
        dataSetOffset = head.length
    }

    func canBecome(_ transferSyntaxUID: String) -> Bool { transferSyntaxUID == self.transferSyntaxUID }

    func read(as transferSyntaxUID: String, _ body: (RawSpan) throws -> Void) throws {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { throw UnreadableFile(path, errno) }
        defer { close(file) }
        lseek(file, off_t(dataSetOffset), SEEK_SET)
        try readAll(file, path, body)
    }
}

/// An instance of the archive on its way to a peer: read by whoever has the archive open, through a pipe.
struct ArchivedInstance: OutgoingInstance {
    let access: ArchiveAccess
    let file: ExportFile

    var sopClassUID: String { file.sopClassUID }
    var sopInstanceUID: String { file.sopInstanceUID }
    var transferSyntaxUID: String { file.transferSyntaxUID }

    func canBecome(_ transferSyntaxUID: String) -> Bool {
        transferSyntaxUID == file.transferSyntaxUID || !TransferSyntax(file.transferSyntaxUID).isVideo
    }

    func read(as transferSyntaxUID: String, _ body: (RawSpan) throws -> Void) throws {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { throw UnreadableFile(file.path, errno) }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        let (reading, writing) = (ends[0], ends[1])
        let result = Mutex(Result<Void, Failure>.success(()))
        let ended = Gate()
        let isStarted = Thread.startIfPossible { [access, file] in
            do throws(Failure) {
                try access.perform(
                    .writeDataSet(node: file.node, transferSyntaxUID: transferSyntaxUID, name: file.path),
                    file: writing)
            } catch {
                result.withLock { $0 = .failure(error) }
            }
            close(writing)
            ended.open()
        }
        guard isStarted else {
            for end in ends { close(end) }
            throw UnreadableFile(file.path, EAGAIN)
        }
        let read = Result { try readAll(reading, file.path, body) }
        // Whoever still writes is told by EPIPE.
        close(reading)
        ended.wait()
        try read.get()
        try result.withLock { $0 }.get()
    }
}

/// Gives the bytes of an open file, from its position on.
private func readAll(_ file: Int32, _ name: String, _ body: (RawSpan) throws -> Void) throws {
    var buffer = [UInt8](repeating: 0, count: 1 << 20)
    while true {
        let count = Glibc.read(file, &buffer, buffer.count)
        if count < 0, errno == EINTR { continue }
        guard count >= 0 else { throw UnreadableFile(name, errno) }
        if count == 0 { return }
        try body(buffer.span.bytes.extracting(first: count))
    }
}

/// Why a file cannot be read, in a sentence.
struct UnreadableFile: Error, CustomStringConvertible {
    let description: String

    init(_ name: String, _ number: Int32) {
        description = "\(name): cannot be read: \(String(cString: strerror(number)))"
    }
}
