import Foundation
import TestSupport
import Testing

/// The control socket and clients that do not keep to its protocol.
struct ControlSocketTests {
    @Test func `whatever a client sends, its files are closed and the next one is answered`() throws {
        let served = try ServedArchive()
        // A pipe reads as ended only when the daemon has closed what it was given of it.
        let script = """
            import os, select, socket, sys
            def connect():
                connection = socket.socket(socket.AF_UNIX)
                connection.connect(sys.argv[1])
                return connection
            request = b'{"statistics":{}}'
            hostile = [
                (b'\\0', 1),
                (b'\\0\\0\\0\\2{', 1),
                (b'\\0\\0\\0\\2{}', 1),
                (b'\\xff\\xff\\xff\\xff', 1),
                (len(request).to_bytes(4, 'big') + request, 1),
                (len(request).to_bytes(4, 'big') + request, 2),
                (len(request).to_bytes(4, 'big') + request, 200),
            ]
            for message, files in hostile:
                reading, writing = os.pipe()
                connection = connect()
                socket.send_fds(connection, [message], [writing] * files)
                connection.shutdown(socket.SHUT_WR)
                while connection.recv(65536): pass
                os.close(writing)
                if not select.select([reading], [], [], 30)[0] or os.read(reading, 1):
                    sys.exit(f'{message!r} with {files} files leaves one open')
                connection.close()
            """
        let done = try Program.run("python3", ["-c", script, "\(served.archive)/control.sock"])
        #expect(done.errors == "")
        #expect(done.status == 0)
        #expect(try DicomFS.run("stats", "--archive", served.archive).status == 0)
        #expect(served.isRunning)
    }

    @Test func `an import may have more jobs than the daemon takes connections`() throws {
        let served = try ServedArchive()
        let study = served.folder.appending("study")
        _ = try Study.make(in: study, images: 200, size: 8)
        let done = try DicomFS.run("import", "--archive", served.archive, "--jobs", "64", study)
        #expect(done.output == "stored 200, already stored 0, new versions 0, skipped 0, refused 0\n")
        #expect(done.errors == "")
    }
}
