import FUSE
import Foundation
import Glibc
import TestSupport
import Threads

/// A file system mounted in a folder of its own, served until it is stopped or dropped.
final class TestMount {
    let folder: TemporaryFolder
    let path: String
    let session: Session
    let ended = Gate()

    static let subtype = "dicomfstest"

    /// - Parameter isServed: whether requests are answered; else ``serve()`` begins that.
    init(_ tree: some FileSystem, isServed: Bool = true, _ change: (inout Session.Options) -> Void = { _ in }) throws {
        folder = try TemporaryFolder()
        path = try folder.makeFolder("mount")
        var options = Session.Options()
        options.subtype = Self.subtype
        change(&options)
        session = try Session.mount(tree, at: try MountPoint(path, subtype: Self.subtype), options: options)
        if isServed { serve() }
    }

    func serve() {
        let (session, ended, path) = (session, ended, path)
        Thread.start {
            session.run()
            ended.open()
        }
        // A test that hangs on its own mount is to fail instead.
        Thread.start {
            if !ended.wait(milliseconds: 60_000) { umount2(path, Int32(MNT_FORCE)) }
        }
    }

    deinit {
        session.stop()
        // Were it still there, whoever looks at it would wait for good.
        if isMounted { umount2(path, Int32(MNT_FORCE | MNT_DETACH)) }
    }

    func appending(_ name: String) -> String { "\(path)/\(name)" }

    /// Whether the mount table has it.
    var isMounted: Bool { Self.isMounted(path) }

    static func isMounted(_ path: String) -> Bool {
        let table = (try? String(contentsOfFile: "/proc/self/mountinfo", encoding: .utf8)) ?? ""
        return table.contains(" \(path) ")
    }
}

/// A system call's result, or its errno(3) code.
func code(_ result: Int) -> Int32 { result < 0 ? errno : 0 }

func code(_ result: Int32) -> Int32 { code(Int(result)) }

/// stat(2); nil with the code in errno.
func fileStatus(_ path: String) -> stat? {
    var status = stat()
    return stat(path, &status) == 0 ? status : nil
}

/// An open directory, read entry by entry.
final class Directory {
    private let stream: OpaquePointer

    init?(_ path: String) {
        guard let stream = opendir(path) else { return nil }
        self.stream = stream
    }

    deinit { closedir(stream) }

    /// The next entry; nil at the end, or with a code in errno.
    func next() -> (name: String, node: UInt, type: UInt8)? {
        errno = 0
        guard let entry = readdir(stream) else { return nil }
        let name = withUnsafeBytes(of: &entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        return (name, UInt(entry.pointee.d_ino), entry.pointee.d_type)
    }

    var position: Int {
        get { telldir(stream) }
        set { seekdir(stream, newValue) }
    }

    /// All names from here on.
    func names() -> [String] {
        var names: [String] = []
        while let entry = next() { names.append(entry.name) }
        return names
    }

    static func names(_ path: String) -> [String]? { Directory(path).map { $0.names() } }
}

/// Runs a program for at most 20 seconds.
func run(_ name: String, _ arguments: [String]) throws -> Program {
    try Program.run("timeout", ["-k", "1", "20", name] + arguments)
}
