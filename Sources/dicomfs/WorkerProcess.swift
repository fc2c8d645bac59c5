import FUSE
import Foundation
import Glibc

/// A worker as its supervisor sees it: a process that serves the archive by what it inherits.
struct WorkerProcess {
    /// Its process.
    let pid: pid_t
    /// Our end of the socket between us.
    private let channel: Int32

    /// How a worker ended.
    enum End: Equatable {
        case exit(Int32)
        case signal(Int32)

        /// As a log says it.
        var words: String {
            switch self {
            case .exit(let status): "ended with exit code \(status)"
            case .signal(let signal): "was ended by signal \(signal) (\(String(cString: strsignal(signal))))"
            }
        }
    }

    /// Starts the program anew, as it is on disk now, with our own arguments and one more.
    ///
    /// - Parameters:
    ///   - inheritance: the descriptors to hand over; the socket to the supervisor is made here.
    ///   - initialization: the kernel's first request, the first message on that socket.
    init(_ inheritance: Inheritance, _ initialization: Initialization) throws(ExitStatus) {
        var ends: [Int32] = [-1, -1]
        guard socketpair(AF_UNIX, Int32(SOCK_SEQPACKET.rawValue | SOCK_CLOEXEC.rawValue), 0, &ends) == 0 else {
            throw Self.failure("make a socket for a worker", errno)
        }
        defer { close(ends[1]) }
        var inheritance = inheritance
        inheritance.supervisor = ends[1]
        let request = initialization.bytes
        do throws(ExitStatus) {
            guard write(ends[0], request, request.count) == request.count else {
                throw Self.failure("write to a worker", errno)
            }
            pid = try Self.spawn(inheritance)
        } catch {
            close(ends[0])
            throw error
        }
        channel = ends[0]
    }

    private static func spawn(_ inheritance: Inheritance) throws(ExitStatus) -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        // To its own number: it is then open in the worker.
        for descriptor in inheritance.descriptors {
            posix_spawn_file_actions_adddup2(&actions, descriptor, descriptor)
        }
        // Whoever reads what we print is not to wait for the worker's end.
        posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0)
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        // In a process group of its own: Ctrl-C is for the supervisor, which tells the worker once.
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP))

        // Right after the command's name: what stands behind `--` is no option.
        var arguments = CommandLine.arguments
        arguments.insert(contentsOf: ["--worker", inheritance.argument], at: 2)
        var pointers = arguments.map { strdup($0) } + [nil]
        defer { for pointer in pointers { free(pointer) } }
        var pid = pid_t()
        var code = posix_spawn(&pid, program, &actions, &attributes, &pointers, environ)
        // Deleted, or being written: the same again.
        if [ENOENT, EACCES, ETXTBSY, ENOEXEC].contains(code) {
            code = posix_spawn(&pid, ownImage, &actions, &attributes, &pointers, environ)
        }
        guard code == 0 else { throw failure("start \(program)", code) }
        return pid
    }

    private static let ownImage = "/proc/self/exe"

    /// Where the program was when it was started: a new one there is an upgrade.
    private static let program = (try? FileManager.default.destinationOfSymbolicLink(atPath: ownImage)) ?? ownImage

    /// Waits until it serves; false when it ended before.
    func waitUntilReady() -> Bool {
        var byte: UInt8 = 0
        while true {
            let count = read(channel, &byte, 1)
            if count < 0, errno == EINTR { continue }
            return count == 1
        }
    }

    /// Waits for its end, and leaves its number taken until ``end()``.
    func awaitEnd() {
        var information = siginfo_t()
        while waitid(P_PID, id_t(pid), &information, WEXITED | WNOWAIT) < 0, errno == EINTR {}
    }

    /// How it ended. Its number may be another's afterwards.
    func end() -> End {
        var status: Int32 = 0
        while waitpid(pid, &status, 0) < 0, errno == EINTR {}
        close(channel)
        let signal = status & 0x7F
        return signal == 0 ? .exit(status >> 8 & 0xFF) : .signal(signal)
    }

    private static func failure(_ what: String, _ code: Int32) -> ExitStatus {
        ExitStatus(code: EX_OSERR, message: "cannot \(what): \(String(cString: strerror(code)))")
    }
}
