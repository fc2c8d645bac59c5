import Foundation
package import Glibc

/// A program that a test started: posix_spawn(3).
///
/// Not Foundation's `Process`: one that is started meanwhile inherits the socket it tells the end by, and a daemon keeps that
/// open. Used by one thread at a time.
package final class ChildProcess {
    /// Its number.
    package let pid: pid_t
    private var ended: Int32?

    /// Starts a program, found in PATH unless its name has a slash.
    ///
    /// - Parameters:
    ///   - environment: variables set besides those of the test.
    ///   - descriptors: its standard input, output and error; they stay open here.
    package init(
        _ name: String, _ arguments: [String], environment: [String: String] = [:],
        descriptors: (input: Int32, output: Int32, error: Int32)
    ) throws {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        // Out of the way first: one of them may have the number of another's place.
        let all = [descriptors.input, descriptors.output, descriptors.error]
        for (place, descriptor) in all.enumerated() {
            posix_spawn_file_actions_adddup2(&actions, descriptor, 100 + Int32(place))
        }
        for place in Int32(0)..<3 { posix_spawn_file_actions_adddup2(&actions, 100 + place, place) }
        for place in Int32(0)..<3 { posix_spawn_file_actions_addclose(&actions, 100 + place) }

        // A thread of libdispatch has all signals blocked, and a child would have them too.
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))

        let variables = ProcessInfo.processInfo.environment.merging(environment) { $1 }.map { "\($0)=\($1)" }
        var argv = ([name] + arguments).map { strdup($0) } + [nil]
        var envp = variables.map { strdup($0) } + [nil]
        defer { for pointer in argv + envp { free(pointer) } }
        var pid = pid_t()
        let code = posix_spawnp(&pid, name, &actions, &attributes, &argv, &envp)
        guard code == 0 else { throw CannotStart(name: name, code: code) }
        self.pid = pid
    }

    deinit {
        guard ended == nil else { return }
        send(SIGKILL)
        wait()
    }

    /// Sends a signal, unless it has ended.
    package func send(_ signal: Int32) { if ended == nil { kill(pid, signal) } }

    /// Waits for its end; its exit status, or the number of the signal that ended it and 128.
    @discardableResult
    package func wait() -> Int32 {
        if let ended { return ended }
        var status: Int32 = 0
        while waitpid(pid, &status, 0) < 0, errno == EINTR {}
        return end(status)
    }

    /// Whether it still runs.
    package var isRunning: Bool {
        var status: Int32 = 0
        guard ended == nil, waitpid(pid, &status, WNOHANG) == pid else { return ended == nil }
        _ = end(status)
        return false
    }

    private func end(_ status: Int32) -> Int32 {
        let signal = status & 0x7F
        let code = signal == 0 ? status >> 8 & 0xFF : 128 + signal
        ended = code
        return code
    }
}

/// A program that cannot be started.
private struct CannotStart: Error, CustomStringConvertible {
    let name: String
    let code: Int32

    var description: String { "cannot start \(name): \(String(cString: strerror(code)))" }
}
