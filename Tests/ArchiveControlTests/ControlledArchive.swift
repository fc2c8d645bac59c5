import DICOM
import DICOMArchive
import Glibc
import Synchronization
import TestSupport
import Threads

@testable import ArchiveControl

/// An archive whose control socket is served until it is dropped.
final class ControlledArchive {
    let folder: TemporaryFolder
    let path: String
    private let archive: Archive
    private let server: ControlServer
    private let ended = Gate()

    init(mostWaiting: Int = 20_000) throws {
        folder = try TemporaryFolder()
        path = folder.appending("archive")
        archive = try Archive(path: path, create: true, holder: ArchiveFolder.Holder(command: "serve"))
        server = try ControlServer(archive: archive, mostWaiting: mostWaiting)
        let (server, ended) = (server, ended)
        Thread.start {
            server.run()
            ended.open()
        }
    }

    deinit { stop() }

    func stop() {
        server.stop()
        ended.wait()
    }

    /// Stores the one instance of a patient: four events.
    func store(_ number: Int) throws {
        var set = DataSetBuilder()
        set.text(.sopClassUID, .ui, "1.2.840.10008.5.1.4.1.1.7")
        set.text(.sopInstanceUID, .ui, "1.2.3.\(number).4.5")
        set.text(.patientID, .lo, "P\(number)")
        set.text(.studyInstanceUID, .ui, "1.2.3.\(number)")
        set.text(.seriesInstanceUID, .ui, "1.2.3.\(number).4")
        let ingest = archive.beginInstance(
            head: .newest, transferSyntaxUID: "1.2.840.10008.1.2.1", sender: Sender(kind: .store))
        try ingest.receive(set.bytes.span.bytes)
        _ = try ingest.prepare().commit()
    }
}

/// A client that watches an archive, on a thread of its own.
final class WatchingClient: Sendable {
    private struct State {
        var count = 0
        var isPaused = false
        var isLeaving = false
        var failure: Failure?
    }

    private struct Leaving: Error {}

    private let state = Mutex(State())
    private let ended = Gate()

    /// Returns when it watches.
    ///
    /// - Parameter tries: how often it tries, 10 ms apart.
    init(_ served: ControlledArchive, tries: Int = 1) throws {
        let client = ControlClient(archive: served.path)
        let begun = Gate()
        Thread.start { [self] in
            for number in 1...tries {
                do throws(Failure) {
                    try client.perform(.watch) { event in
                        if case .watching = event { begun.open() }
                        try take(event)
                    }
                } catch {
                    if number == tries { state.withLock { $0.failure = error } }
                }
                if begun.wait(milliseconds: 10) { break }
            }
            begun.open()
            ended.open()
        }
        begun.wait()
        if let failure { throw failure }
    }

    private func take(_ event: ControlEvent) throws {
        while state.withLock({ $0.isPaused }) { usleep(1000) }
        try state.withLock { state in
            if state.isLeaving { throw Leaving() }
            if case .changed = event { state.count += 1 }
        }
    }

    /// How many events it was told.
    var count: Int { state.withLock { $0.count } }
    /// What ended it.
    var failure: Failure? { state.withLock { $0.failure } }

    func pause() { state.withLock { $0.isPaused = true } }

    func resume() { state.withLock { $0.isPaused = false } }

    /// Goes away at the next event.
    func leave() { state.withLock { $0.isLeaving = true } }

    /// Waits until it was told of so many events, or ended, but not for ever.
    func wait(for count: Int) {
        for _ in 0..<30_000 where self.count < count && failure == nil { usleep(1000) }
    }

    func waitForEnd() { ended.wait(milliseconds: 30_000) }
}
