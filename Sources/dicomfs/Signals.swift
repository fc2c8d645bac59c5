import Glibc

/// SIGINT, SIGTERM, SIGHUP and SIGUSR2 of the whole process: blocked everywhere, awaited by one thread.
enum Signals {
    private static var awaited: sigset_t {
        var set = sigset_t()
        sigemptyset(&set)
        for signal in [SIGINT, SIGTERM, SIGHUP, SIGUSR2] where !isIgnored(signal) { sigaddset(&set, signal) }
        return set
    }

    /// Whether who started us wants it ignored, as nohup(1) does with SIGHUP.
    private static func isIgnored(_ signal: Int32) -> Bool {
        var action = sigaction()
        sigaction(signal, nil, &action)
        return unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self)
            == unsafeBitCast(SIG_IGN, to: Int.self)
    }

    /// Blocks them, and no others, in this thread and those it starts; ignores SIGPIPE, and not SIGCHLD, with which ignored nobody
    /// learns how a child ended (wait(2)). Called first of all.
    static func block() {
        _ = hadTerminal
        var set = awaited
        // Not in addition: whoever started us may have blocked what the FUSE session is woken by.
        pthread_sigmask(SIG_SETMASK, &set, nil)
        signal(SIGPIPE, SIG_IGN)
        signal(SIGCHLD, SIG_DFL)
    }

    /// Lets them, and SIGPIPE, end the process, as is right for a command that can be interrupted at any time.
    static func unblock() {
        signal(SIGPIPE, SIG_DFL)
        var set = awaited
        pthread_sigmask(SIG_UNBLOCK, &set, nil)
    }

    /// Lets writing to a pipe that nobody reads fail, instead of ending the process.
    static func ignorePipe() { signal(SIGPIPE, SIG_IGN) }

    /// Waits for one that is to end the process.
    ///
    /// - Parameter onHangUp: what is done at each SIGHUP that does not.
    static func waitForEnd(onHangUp: () -> Void = {}) {
        while true {
            let signal = wait()
            if isEnd(signal) { return }
            if signal == SIGHUP { onHangUp() }
        }
    }

    /// Whether a signal that came is to end the process. SIGHUP is when the terminal that the program was started in has been closed;
    /// else somebody wants the settings read again.
    static func isEnd(_ signal: Int32) -> Bool {
        switch signal {
        case SIGUSR2: false
        case SIGHUP: hadTerminal && !hasTerminal
        default: true
        }
    }

    /// Whether there was a controlling terminal when the program began.
    private static let hadTerminal = hasTerminal

    /// Whether there is one: it is gone once it hung up.
    private static var hasTerminal: Bool {
        let terminal = open("/dev/tty", O_RDONLY | O_NOCTTY | O_CLOEXEC)
        guard terminal >= 0 else { return false }
        close(terminal)
        return true
    }

    /// Waits for one of them; its number.
    static func wait() -> Int32 {
        var set = awaited
        var number: Int32 = 0
        while sigwait(&set, &number) != 0 {}
        return number
    }
}
