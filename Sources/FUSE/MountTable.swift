import CFUSE
import Glibc

/// The kernel's table of mounts as a process sees it: proc_pid_mountinfo(5).
struct MountTable {
    /// One mount.
    struct Entry {
        /// `major:minor` of the file system.
        var device: String
        var mountPoint: String
        /// For example `fuse.dicomfs`.
        var type: String
    }

    let entries: [Entry]

    /// - Parameter process: its number, or `self`. The table is empty when it cannot be read.
    init(process: String = "self") {
        var entries: [Entry] = []
        if let file = fopen("/proc/\(process)/mountinfo", "re") {
            defer { fclose(file) }
            var line: UnsafeMutablePointer<CChar>?
            var capacity = 0
            defer { free(line) }
            while getline(&line, &capacity, file) > 0 {
                guard let line, let entry = Entry(String(cString: line)) else { continue }
                entries.append(entry)
            }
        }
        self.entries = entries
    }

    /// What is mounted at a place, on top of all else there.
    func mount(at path: String) -> Entry? { entries.last { $0.mountPoint == path } }
}

extension MountTable.Entry {
    fileprivate init?(_ line: String) {
        let fields = line.split(separator: " ")
        guard let dash = fields.firstIndex(of: "-"), fields.count > dash + 1, dash > 5 else { return nil }
        device = String(fields[2])
        mountPoint = Self.unescaped(fields[4])
        type = String(fields[dash + 1])
    }

    /// Space, tab, newline and backslash are written as three octal digits.
    private static func unescaped(_ field: Substring) -> String {
        var bytes: [UInt8] = []
        var rest = Array(field.utf8)[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "\\"), rest.count >= 3,
                let code = UInt8(String(decoding: rest.prefix(3), as: UTF8.self), radix: 8)
            {
                bytes.append(code)
                rest = rest.dropFirst(3)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
