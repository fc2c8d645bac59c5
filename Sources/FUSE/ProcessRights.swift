import CFUSE
import Glibc

/// What this process may do that bears on mounting: proc_pid_status(5).
struct ProcessRights {
    /// Whether no program it starts gets more rights than it has itself, as fusermount3 must: prctl(2)'s PR_SET_NO_NEW_PRIVS.
    private(set) var hasNoNewPrivileges = false
    /// Whether it may call mount(2): CAP_SYS_ADMIN of capabilities(7).
    private(set) var mayMount = false

    private static let systemAdministration: UInt64 = 1 << 21

    init() {
        guard let file = fopen("/proc/self/status", "re") else { return }
        defer { fclose(file) }
        var line: UnsafeMutablePointer<CChar>?
        var capacity = 0
        defer { free(line) }
        while getline(&line, &capacity, file) > 0 {
            guard let line else { return }
            let words = String(cString: line).split { $0 == ":" || $0.isWhitespace }
            guard words.count == 2 else { continue }
            switch words[0] {
            case "NoNewPrivs": hasNoNewPrivileges = words[1] == "1"
            case "CapEff": mayMount = (UInt64(words[1], radix: 16) ?? 0) & Self.systemAdministration != 0
            default: break
            }
        }
    }
}
