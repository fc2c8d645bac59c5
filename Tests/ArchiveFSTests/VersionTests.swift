import DICOM
import DICOMArchive
import Foundation
import Glibc
import TestSupport
import Testing

/// Other data sets under the same identifier: reached by name, but not listed.
@Suite(.serialized)
struct VersionTests {
    private static func instance(_ seed: UInt8) -> DataSetBuilder { TestInstance(side: 20, seed: seed).dataSet }

    @Test func `a version is a file of its own that is not listed`() throws {
        let mount = try ArchiveMount()
        let id = try mount.store(Self.instance(1))
        let path = try mount.path(of: id)
        let stem = String(path.dropLast(4))
        let listed = walk(mount.path)
        for number in 2...3 {
            #expect(fileStatus("\(stem).v\(number).dcm") == nil)
            #expect(try mount.store(Self.instance(UInt8(number))) == id)
            // Looked up before it was there, and seen at once.
            let status = try #require(fileStatus("\(stem).v\(number).dcm"))
            let bytes = try #require(contents("\(stem).v\(number).dcm"))
            #expect(status.st_size == bytes.count)
            #expect(bytes.suffix(400).elementsEqual(Self.instance(UInt8(number)).bytes.suffix(400)))
        }
        #expect(walk(mount.path) == listed)
        #expect(contents(path)?.suffix(400).elementsEqual(Self.instance(1).bytes.suffix(400)) == true)
        let nodes = [path, "\(stem).v2.dcm", "\(stem).v3.dcm"].map { fileStatus($0)?.st_ino }
        #expect(Set(nodes).count == 3)
        for name in ["v0", "v1", "v4", "v02", "v+2", "v-2", "v", "V2", "2", "v2.v3", "v99999999999999999999"] {
            #expect(fileStatus("\(stem).\(name).dcm") == nil, "\(name)")
            #expect(errno == ENOENT)
        }
        #expect(fileStatus("\(stem).v2.png") == nil)
    }

    @Test func `a version goes with its instance`() throws {
        let mount = try ArchiveMount()
        let id = try mount.store(Self.instance(1))
        try mount.store(Self.instance(2))
        let second = String(try mount.path(of: id).dropLast(4)) + ".v2.dcm"
        let file = open(second, O_RDONLY)
        defer { close(file) }
        var status = stat()
        #expect(fstat(file, &status) == 0)
        #expect(contents(second)?.count == Int(status.st_size))
        #expect(try mount.delete(id) == 1)
        #expect(fileStatus(second) == nil)
        #expect(errno == ENOENT)
        #expect(open(second, O_RDONLY) == -1)
        #expect(fstat(file, &status) == -1)
        #expect(errno == ESTALE)
    }

    @Test func `a version has the same inode number after the archive is mounted again`() throws {
        var mount: ArchiveMount? = try ArchiveMount()
        let id = try #require(try mount?.store(Self.instance(1)))
        try mount?.store(Self.instance(2))
        func number() throws -> UInt? {
            let path = try #require(try mount?.path(of: id))
            return fileStatus(path.dropLast(4) + ".v2.dcm").map { UInt($0.st_ino) }
        }
        let before = try number()
        let folder = try #require(mount?.folder)
        mount = nil
        mount = try ArchiveMount(folder)
        #expect(before != nil)
        #expect(try number() == before)
    }
}
