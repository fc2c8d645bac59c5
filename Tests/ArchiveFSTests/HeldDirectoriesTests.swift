import DICOMArchive
import Testing

@testable import ArchiveFS

/// What the tree knows of what the kernel may hold.
struct HeldDirectoriesTests {
    let held = HeldDirectories()
    let one = NodeID(.series, 1)
    let other = NodeID(.series, 2)

    @Test func `a directory is clean from when it is told of until it is held again`() {
        #expect(!held.change([one]))
        #expect(held.release(one))
        #expect(held.change([one]))
        #expect(!held.release(one))
        held.hold(one)
        #expect(!held.change([one]))
        #expect(held.release(one))
    }

    @Test func `a change is known only when all its directories are clean`() {
        _ = held.release(one)
        #expect(!held.change([one, other]))
        _ = held.release(other)
        #expect(held.change([one, other]))
    }

    @Test func `every change is counted, told or not`() {
        let before = held.changes
        _ = held.change([one])
        _ = held.release(one)
        _ = held.change([one])
        #expect(held.changes == before + 2)
    }

    @Test func `what is forgotten counts as held`() {
        _ = held.release(one)
        for number in 0..<70_000 { _ = held.release(NodeID(.study, UInt64(number))) }
        #expect(!held.change([one]))
    }

    private let seen = NodeID(.byUIDSeries, 1)

    @Test func `a directory of a view is clean until it is held, and after it is told of`() {
        #expect(held.change([seen, .byUID, IDPart(1, 2).node, DatePart(year: 2024).node]))
        #expect(!held.release(seen))
        held.hold(seen)
        #expect(!held.change([seen]))
        #expect(held.release(seen))
        #expect(held.change([seen]))
        #expect(!held.release(seen))
    }

    @Test func `a directory of a view counts as held when another process has served the mount, or too many were`() {
        let inherited = HeldDirectories(isInherited: true)
        #expect(!inherited.change([seen]))
        #expect(inherited.release(seen))
        #expect(inherited.change([seen]))
        for number in 0..<140_000 { held.hold(NodeID(.byStudySeries, UInt64(number))) }
        #expect(!held.change([seen]))
    }
}
