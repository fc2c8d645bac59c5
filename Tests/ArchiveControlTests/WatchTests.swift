import DICOM
import DICOMArchive
import TestSupport
import Testing
import Threads

@testable import ArchiveControl

/// Those who watch an archive through its control socket.
@Suite struct WatchTests {
    @Test func `a watcher that does not read is cut off with a sentence, and holds up nobody`() throws {
        let served = try ControlledArchive(mostWaiting: 100)
        let slow = try WatchingClient(served)
        let quick = try WatchingClient(served)
        slow.pause()
        // More than the kernel takes for a reader, about 60, and what may wait: four of each instance.
        let count = 400
        for number in 1...count / 4 {
            try served.store(number)
            quick.wait(for: number * 4)
        }
        slow.resume()
        slow.waitForEnd()
        let failure = try #require(slow.failure)
        #expect(failure.description.hasPrefix("this watcher was cut off: it did not read while 100 events came"))
        #expect(slow.count < count)
        #expect(quick.count == count)
    }

    @Test func `when the daemon ends, its watchers hear so`() throws {
        let served = try ControlledArchive()
        let client = try WatchingClient(served)
        served.stop()
        client.waitForEnd()
        #expect(client.failure?.code == .ended)
    }

    @Test func `as many may watch as leave connections for commands, and another may when one ends`() throws {
        let served = try ControlledArchive()
        var clients = try (0..<8).map { _ in try WatchingClient(served) }
        let client = ControlClient(archive: served.path)
        let failure = #expect(throws: Failure.self) { try client.perform(.watch) }
        #expect(failure?.description == "8 watch the archive \(served.path) already; end one of them")
        try client.perform(.statistics)
        clients.removeLast().leave()
        // It goes at the next event.
        try served.store(0)
        clients.append(try WatchingClient(served, tries: 100))
    }

    @Test func `nobody can watch an archive that is not served`() throws {
        let folder = try TemporaryFolder()
        let path = folder.appending("archive")
        let none = #expect(throws: Failure.self) { try ControlClient.serving(path) }
        #expect(none?.code == .noArchive)
        _ = try Archive(path: path, create: true, holder: ArchiveFolder.Holder(command: "test"))
        let failure = #expect(throws: Failure.self) { try ControlClient.serving(path) }
        #expect(failure?.description == "nobody serves the archive \(path); start dicomfs serve")
    }
}
