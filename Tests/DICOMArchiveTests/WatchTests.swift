import DICOM
import Synchronization
import TestSupport
import Testing

@testable import DICOMArchive

@Suite struct WatchTests {
    private let test: ArchiveUnderTest
    private let watcher = RecordingWatcher()
    private var archive: Archive { test.archive }

    init() throws {
        test = try ArchiveUnderTest()
        try test.archive.addWatcher(watcher)
    }

    @Test func `what is stored is told from the patient down, with the identifiers and paths it is found by`() throws {
        try test.store(Sample().bytes)
        let expected = try Level.allCases.map { try self.event(.stored, $0, Sample()) }
        #expect(watcher.take() == expected)
        try test.store(Sample(instance: "1.2.3.4.6").bytes)
        #expect(watcher.take() == [try event(.stored, .instance, Sample(instance: "1.2.3.4.6"))])
    }

    @Test func `the same data set again is no event, another one is a new version`() throws {
        try test.store(Sample().bytes)
        let first = try #require(watcher.take().last)
        try test.store(Sample().bytes)
        #expect(watcher.take() == [])
        try test.store(Sample(description: "Neck and more").bytes)
        var expected = first
        expected.kind = .newVersion
        expected.path = first.path.dropLast(4) + ".v2.dcm"
        expected.size = try #require(first.size) + 10
        expected.version = 2
        #expect(watcher.take() == [expected])
    }

    @Test func `what is deleted is told from the instances up, as it was told when it was stored`() throws {
        for sample in [Sample(), Sample(instance: "1.2.3.4.6"), Sample(series: "1.2.3.5", instance: "1.2.3.5.1")] {
            try test.store(sample.bytes)
        }
        let stored = watcher.take()
        let study = OrthancIdentifier.study("P1", "1.2.3")
        #expect(try archive.delete(archive.resource(named: study.hex40)) == 3)
        let deleted = watcher.take()
        let asStored = deleted.map { event in
            var event = event
            event.kind = .stored
            return event
        }
        #expect(Set(asStored) == Set(stored))
        #expect(deleted.count == stored.count)
        #expect(deleted.allSatisfy { $0.kind == .deleted })
        for (place, event) in deleted.enumerated() where event.level != .instance {
            #expect(deleted[..<place].contains { $0.path.hasPrefix(event.path + "/") })
            #expect(!deleted[place...].contains { $0.path.hasPrefix(event.path + "/") })
        }
    }

    @Test func `a file that gets its own head is deleted and stored under the same path`() throws {
        try test.store(Sample().bytes)
        let path = try #require(watcher.take().last).path
        try test.importFile(foreignHead + Sample().bytes)
        let events = watcher.take()
        #expect(events.map(\.kind) == [.deleted, .stored])
        #expect(events.map(\.path) == [path, path])
        #expect(
            events.map(\.size)
                == events.map { $0.kind == .stored ? UInt64(foreignHead.count + Sample().bytes.count) : $0.size })
    }

    @Test func `a mount and watchers are told beside each other, until they are removed`() throws {
        let mount = RecordingMount()
        archive.addObserver(mount)
        let other = RecordingWatcher()
        try archive.addWatcher(other)
        try test.store(Sample().bytes)
        #expect(mount.changes.withLock { $0 } == 4)
        #expect(watcher.take() == other.take())
        archive.removeObserver(mount)
        archive.removeWatcher(watcher)
        try test.store(Sample(instance: "1.2.3.4.6").bytes)
        #expect(mount.changes.withLock { $0 } == 4)
        #expect(watcher.take() == [])
        #expect(other.take().count == 1)
    }

    private func event(_ kind: ArchiveEvent.Kind, _ level: Level, _ sample: Sample) throws -> ArchiveEvent {
        let id: OrthancIdentifier =
            switch level {
            case .patient: .patient(sample.patient)
            case .study: .study(sample.patient, sample.study)
            case .series: .series(sample.patient, sample.study, sample.series)
            case .instance: .instance(sample.patient, sample.study, sample.series, sample.instance)
            }
        let resource = try archive.resource(named: id.hex40)
        return ArchiveEvent(kind: kind, level: level, id: id, path: resource.path, size: resource.file?.size)
    }
}

private final class RecordingWatcher: ArchiveWatcher {
    private let events = Mutex<[ArchiveEvent]>([])

    func archiveDidChange(_ events: [ArchiveEvent]) { self.events.withLock { $0 += events } }

    func take() -> [ArchiveEvent] {
        events.withLock { events in
            defer { events = [] }
            return events
        }
    }
}

private final class RecordingMount: TreeObserver {
    let changes = Mutex(0)

    func treeDidChange(_ changes: [TreeChange]) { self.changes.withLock { $0 += changes.count } }
}
