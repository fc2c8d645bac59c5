import ContentStore
import Foundation
import Hashing
import Synchronization
import TestSupport
import Testing
import Threads

@testable import DICOMArchive

@Suite struct FailureTests {
    /// What an archive holds: each version with a digest of its file, as read.
    private func content(_ test: ArchiveUnderTest) throws -> [String: String] {
        var content: [String: String] = [:]
        try test.archive.recipes { recipe in
            let bytes = try test.bytes(NodeID(.dicom, recipe.nodePayload)) ?? []
            content["\(recipe.reference.instance) \(recipe.version)"] = SHA256.hash(bytes).description
        }
        return content
    }

    /// Everything that writes, one after another.
    private let steps: [(ArchiveUnderTest) throws -> Void] = [
        { try $0.store(Sample(filler: (600_000, 1)).bytes) },
        { try $0.store(Sample(instance: "1.6", frames: 3).bytes) },
        { try $0.store(Sample(description: "Neck", filler: (600_000, 2)).bytes) },
        { try $0.importFile(foreignHead + Sample(instance: "1.6", frames: 3).bytes) },
        { test in
            let id = try test.archive.resource(named: Sample().identifier)
            #expect(try test.archive.delete(id) == 1)
        },
        { try $0.store(Sample(patient: "P2").bytes) },
    ]

    @Test func `whichever write fails, what was acknowledged is there, and nothing of the rest`() throws {
        var expected: [[String: String]] = [[:]]
        let whole = try ArchiveUnderTest()
        for step in steps {
            try step(whole)
            expected.append(try content(whole))
        }
        let writes = whole.engine.writes
        #expect(writes > 10)

        for failing in 0..<writes {
            let test = try ArchiveUnderTest()
            test.engine.watch(failAt: failing)
            var done = 0
            var failure: ArchiveError?
            for step in steps {
                do { try step(test) } catch {
                    failure = error as? ArchiveError
                    break
                }
                done += 1
            }
            #expect(failure?.description.contains("on fire") == true)
            test.engine.watch()
            #expect(try test.problems() == [], "write \(failing)")
            #expect(try content(test) == expected[done], "write \(failing)")
            try test.reopen()
            #expect(try test.problems() == [], "write \(failing), reopened")
            #expect(try content(test) == expected[done], "write \(failing), reopened")
            // And what failed works when it is tried again.
            for step in steps[done...] { try step(test) }
            #expect(try content(test) == expected.last, "write \(failing), tried again")
        }
    }

    @Test func `a lost chunk that comes again with an image that is stored is on disk when that is acknowledged`()
        throws
    {
        let test = try ArchiveUnderTest()
        let sample = Sample(filler: (600_000, 1))
        let outcome = try test.store(sample.bytes)
        let lost = try #require(try test.archive.file(test.node(outcome))?.recipe.chunks.first)
        _ = try test.engine.sweep(stampedBefore: .max) { $0 != lost }
        #expect(throws: StoreError.self) { try test.bytes(test.node(outcome)) }
        #expect(try test.store(sample.bytes).result == .alreadyStored)
        #expect(try test.killed().verify { _ in }.problems == [])
    }

    @Test func `whichever write of an import fails, a kill leaves what a flush had reached, and nothing half`() throws {
        let samples = (0..<6).map {
            Sample(instance: "1.5.\($0 / 2)", description: "\($0)", filler: (300_000, UInt8($0)))
        }
        /// Imports two at a time, each with a flush; how many are acknowledged.
        func importAll(_ test: ArchiveUnderTest) -> Int {
            for number in samples.indices {
                do {
                    try test.importFile(foreignHead + samples[number].bytes)
                    if number % 2 == 1 { try test.engine.flush() }
                } catch { return number / 2 * 2 }
            }
            return samples.count
        }
        let whole = try ArchiveUnderTest(.eachFlush)
        #expect(importAll(whole) == samples.count)
        let writes = whole.engine.writes
        #expect(writes > 10)
        for failing in 0..<writes {
            let test = try ArchiveUnderTest(.eachFlush)
            test.engine.watch(failAt: failing)
            let acknowledged = importAll(test)
            #expect(acknowledged < samples.count)
            test.engine.watch()
            do {
                let killed = try test.killed()
                #expect(try killed.verify { _ in }.problems == [], "write \(failing)")
                #expect(try killed.statistics().versions == acknowledged, "write \(failing)")
            }
            #expect(importAll(test) == samples.count)
            #expect(try test.problems() == [], "write \(failing), tried again")
            try test.reopen()
            #expect(try test.archive.statistics().versions == samples.count)
        }
    }

    /// Real writes that fail, wherever: a file that reaches the limit of setrlimit(2) grows no more.
    @Test(arguments: [Durability.eachCommit, .eachFlush])
    func `whichever byte no file can take any more, what was acknowledged is whole, and the rest is not there`(
        durability: Durability
    ) async throws {
        let folder = try TemporaryFolder()
        let path = folder.path
        var counts: Set<Int> = []
        for limit in stride(from: 30_000, to: 1_000_000, by: 70_001) {
            let place = "\(path)/\(limit)"
            let flushes = durability == .eachFlush
            try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: false)
            await #expect(processExitsWith: .exitCode(0)) {
                [place = place as String, limit = limit as Int, flushes = flushes as Bool] in
                signal(SIGXFSZ, SIG_IGN)
                let archive = try Archive(
                    path: place + "/archive", create: true, holder: .init(command: "test"),
                    durability: flushes ? .eachFlush : .eachCommit)
                let acknowledged = open(place + "/acknowledged", O_WRONLY | O_CREAT | O_APPEND, 0o600)
                var limits = rlimit(rlim_cur: rlim_t(limit), rlim_max: .max)
                setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limits)
                for number in 0..<20 {
                    let name = "1.8.\(number)"
                    do {
                        try archive.receive(Sample.large(name).bytes, head: .newest)
                        if flushes { try archive.store.engine.flush() }
                    } catch { break }
                    let line = Array("\(name)\n".utf8)
                    _ = line.withUnsafeBytes { write(acknowledged, $0.baseAddress, $0.count) }
                }
                _exit(0)
            }
            let names = try String(contentsOfFile: place + "/acknowledged", encoding: .utf8).split(separator: "\n")
            #expect(names.count < 20)
            counts.insert(names.count)
            let archive = try Archive(path: place + "/archive", create: false, holder: .init(command: "test"))
            #expect(try archive.verify { _ in }.problems == [], "limit \(limit)")
            #expect(try archive.statistics().instances == names.count, "limit \(limit)")
            for name in names { _ = try archive.resource(named: Sample.large(String(name)).identifier) }
        }
        #expect(counts.count > 2, "\(counts)")
    }

    @Test func `what a killed process acknowledged is there, and whole`() async throws {
        let folder = try TemporaryFolder()
        let path = folder.path
        for round in 0..<4 {
            await #expect(processExitsWith: .signal(SIGKILL)) { [path = path as String, round = round as Int] in
                let archive = try Archive(path: path + "/archive", create: true, holder: .init(command: "test"))
                let acknowledged = open(path + "/acknowledged", O_WRONLY | O_CREAT | O_APPEND, 0o600)
                Thread.start {
                    // Some moment: there is nothing to wait for.
                    usleep(UInt32.random(in: 50_000...400_000))
                    kill(getpid(), SIGKILL)
                }
                for worker in 0..<3 {
                    Thread.start {
                        for number in 0... {
                            let name = "1.7.\(round).\(worker).\(number)"
                            do { try archive.receive(Sample.large(name).bytes, head: .newest) } catch { return }
                            let line = Array("\(name)\n".utf8)
                            _ = line.withUnsafeBytes { write(acknowledged, $0.baseAddress, $0.count) }
                        }
                    }
                }
                Gate().wait()
            }
        }
        let text = String(decoding: try Data(contentsOf: URL(fileURLWithPath: path + "/acknowledged")), as: UTF8.self)
        let names = text.split(separator: "\n").map(String.init)
        #expect(names.count > 4)
        let archive = try Archive(path: path + "/archive", create: false, holder: .init(command: "test"))
        #expect(try archive.verify { _ in }.problems == [])
        for name in names {
            let sample = Sample.large(name)
            let resource = try archive.resource(named: sample.identifier)
            let file = try #require(try archive.file(resource.node))
            var bytes: [UInt8] = []
            try file.read(file.dataSetOffset..<file.size, from: archive.store) { piece in
                piece.withUnsafeBytes { bytes.append(contentsOf: $0) }
            }
            #expect(bytes == sample.bytes, "\(name)")
        }
        #expect(try archive.statistics().instances >= names.count)
    }
}

extension Sample {
    /// The Orthanc identifier of the instance, in hexadecimal digits.
    var identifier: String { SHA1.hash(Array("\(patient)|\(study)|\(series)|\(instance)".utf8)).description }

    /// One with chunks of its own.
    static func large(_ name: String) -> Sample {
        Sample(
            instance: name, filler: (280_000, UInt8(truncatingIfNeeded: name.utf8.reduce(7) { $0 &* 31 &+ Int($1) })))
    }
}
