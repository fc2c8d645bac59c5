import Glibc

/// Standard input, output and error of this process.
enum StandardStreams {
    /// Opens what whoever started us has closed: else the next file opened, one of the archive's, would be taken for it and
    /// written into. Called first of all.
    static func open() {
        while true {
            // For reading, so that what is printed fails as it would have.
            let file = Glibc.open("/dev/null", O_RDONLY)
            guard file >= 0, file <= STDERR_FILENO else {
                if file >= 0 { close(file) }
                return
            }
        }
    }

    /// Lets go of standard output when all is printed: who reads it up to its end need not wait for ours.
    static func releaseOutput() {
        let file = Glibc.open("/dev/null", O_WRONLY | O_CLOEXEC)
        guard file >= 0 else { return }
        dup2(file, STDOUT_FILENO)
        close(file)
    }
}
