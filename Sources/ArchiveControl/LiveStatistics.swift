package import DICOMArchive
import Foundation
import Glibc
import Synchronization

/// What the process that serves an archive has done so far.
package struct LiveStatistics: Codable, Sendable {
    /// Requests of the mount; nil when nothing is mounted.
    package var mount: MountCounts?
    package var archive: ArchiveCounters
    package var process: ProcessCounts
}

/// Requests that the kernel sent for a mount, and what it was given, since it was mounted or taken over.
package struct MountCounts: Codable, Sendable {
    package var lookup = 0
    package var getattr = 0
    package var readdir = 0
    package var readdirplus = 0
    package var read = 0
    /// OPEN and OPENDIR, which are refused once each, so that the kernel opens by itself.
    package var openRefused = 0
    package var statfs = 0
    /// Nodes forgotten.
    package var forget = 0
    /// Answers with an error, by errno(3) name.
    package var errors: [String: Int] = [:]
    /// Bytes of files.
    package var bytesDelivered = 0
    /// Directory entries.
    package var entriesListed = 0
    /// Invalidations sent to the kernel.
    package var notifications = 0

    /// Nothing counted.
    package init() {}
}

/// What a process takes, as proc(5) tells.
package struct ProcessCounts: Codable, Sendable {
    package var pid: Int32
    /// Bytes it caused to be read from disks.
    package var diskBytesRead: UInt64
    /// Resident memory in bytes, and the most there was.
    package var memory: UInt64
    package var peakMemory: UInt64

    /// Of this process, now.
    init() {
        pid = getpid()
        diskBytesRead = Self.number("read_bytes", in: "/proc/self/io")
        memory = Self.number("VmRSS", in: "/proc/self/status") * 1024
        peakMemory = Self.number("VmHWM", in: "/proc/self/status") * 1024
    }

    /// The number after `name:` in a file; 0 when there is none.
    private static func number(_ name: String, in file: String) -> UInt64 {
        let text = (try? String(contentsOfFile: file, encoding: .utf8)) ?? ""
        let line = text.split(separator: "\n").first { $0.hasPrefix(name + ":") }
        return line.flatMap { UInt64($0.filter(\.isNumber)) } ?? 0
    }
}

extension ControlServer {
    /// How to count a mount's requests: called for each look at the statistics, from any thread.
    package func countMount(_ counts: @escaping @Sendable () -> MountCounts) { mountCounts.withLock { $0 = counts } }

    func liveStatistics() -> LiveStatistics {
        let counts = mountCounts.withLock { $0 }
        return LiveStatistics(mount: counts?(), archive: archive.counters, process: ProcessCounts())
    }
}
