import ArchiveFS
import DICOMArchive
import Glibc
import TestSupport
import Testing

/// What the kernel holds of changes that nobody told it, as after the crash of the process that should have.
@Suite(.serialized)
struct RestartTests {
    @Test(.enabled(if: Kernel.isAtLeast(6, 16), "names are forgotten since Linux 6.16"))
    func `untold arrivals and deletions are seen after forgetEverything, in folders in use and in all views`()
        throws
    {
        let mount = try ArchiveMount()
        let deleted = try mount.store(TestInstance().dataSet)
        let kept = try mount.store(TestInstance(instance: "1.2.3.4.6", number: 2).dataSet)
        let tree = try mount.path(of: kept).split(separator: "/").dropLast().reduce("") { "\($0)/\($1)" }
        let study = String(tree[tree.index(after: mount.path.endIndex)...].drop { $0 != "/" }.dropFirst())
        let views = mount.appending(".views")
        let places = [
            tree, "\(views)/by-study/\(study)", "\(views)/by-date/2024/01/31/\(study)", "\(views)/by-uid/1.2.3/1.2.3.4",
        ]
        // In use: the kernel keeps them when names are forgotten.
        let used = places.map { open($0, O_RDONLY | O_DIRECTORY) }
        defer { for file in used { close(file) } }
        for place in places { #expect(names(place).count == 4) }
        let gone = try mount.path(of: deleted)
        #expect(fileStatus(gone) != nil)

        #expect(names(mount.path).count == 1)
        mount.archive.removeObserver(mount.announcer)
        _ = try mount.delete(deleted)
        for number in 3...4 {
            try mount.store(TestInstance(instance: "1.2.3.4.\(number + 10)", number: number).dataSet)
        }
        try mount.store(TestInstance(patientID: "P2", study: "1.9", series: "1.9.1", instance: "1.9.1.1").dataSet)
        // Else the test would show nothing.
        #expect(names(mount.path).count == 1)
        for place in places { #expect(names(place).count == 4) }

        mount.announcer.forgetEverything { Issue.record($0) }
        #expect(mount.announcer.finish())
        #expect(names(mount.path).count == 2)
        #expect(names("\(views)/by-study").count == 2)
        #expect(names("\(views)/by-uid").count == 2)
        #expect(names("\(views)/by-date/2024/01/31").count == 2)
        for place in places { #expect(names(place).count == 6) }
        for file in used { #expect(names("/proc/self/fd/\(file)").count == 6) }
        #expect(fileStatus(gone) == nil)
    }
}
