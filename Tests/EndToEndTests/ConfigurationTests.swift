import Foundation
import Glibc
import TestSupport
import Testing

/// The settings file, the environment and the command line, as the program takes them.
struct ConfigurationTests {
    /// A setting as `config --json` prints it.
    private struct Printed: Decodable {
        struct Entry: Decodable {
            var value: String?
            var values: [String]?
            var from: String
        }

        var file: String?
        var settings: [String: Entry]
    }

    @Test func `config says of each setting what it is and where it was given`() throws {
        let folder = try TemporaryFolder()
        let file = try folder.write(
            "x.yaml", Array("archive: a\ndicom:\n  port: 11112\n  bind: 192.0.2.1\n  unknown-peers: []\n".utf8))
        let arguments = ["config", "--config", file, "--aet", "X", "--no-dicom"]
        let done = try Program.run(DicomFS.path, arguments, environment: ["DICOMFS_DICOM_BIND": "0.0.0.0"])
        #expect(done.status == 0)
        #expect(done.errors == "")
        #expect(done.output.hasPrefix("settings file: \(file)\n\nSETTING "))
        func line(_ key: String) -> [String]? {
            done.output.split(separator: "\n").map { $0.split(separator: " ").map { String($0) } }.first {
                $0.first == key
            }
        }
        #expect(line("archive") == ["archive", folder.appending("a"), "\(file):1"])
        #expect(line("dicom.port") == ["dicom.port", "11112", "\(file):3"])
        #expect(line("dicom.bind") == ["dicom.bind", "0.0.0.0", "DICOMFS_DICOM_BIND"])
        #expect(line("dicom.ae-title") == ["dicom.ae-title", "X", "--aet"])
        #expect(line("dicom.enabled") == ["dicom.enabled", "false", "--no-dicom"])
        #expect(line("dicom.unknown-peers") == ["dicom.unknown-peers", "[]", "\(file):5"])
        #expect(line("limits.open-files") == ["limits.open-files", "512", "default"])
        #expect(line("tls.port") == ["tls.port", "-", "default"])
        #expect(line("(others)") == ["(others)", "any", "any", "-", "nothing", "\(file):5"])

        let printed = try DicomFS.json(Printed.self, "config", "--config", file)
        #expect(printed.file == file)
        #expect(printed.settings["dicom.unknown-peers"]?.values == [])
        #expect(printed.settings["dicom.port"]?.value == "11112")
        #expect(printed.settings["mount"]?.value == nil)
        #expect(printed.settings["mount"]?.from == "default")
    }

    @Test func `commands work on the archive of the settings file, unless another is named`() throws {
        let folder = try TemporaryFolder()
        let file = try folder.write("x.yaml", Array("archive: a\n".utf8))
        let source = try Study.make(in: folder.appending("study"), images: 1, size: 16)[0]
        func run(_ file: String, _ arguments: String...) throws -> Program {
            try Program.run(DicomFS.path, arguments, environment: ["DICOMFS_CONFIG": file])
        }
        #expect(try run(file, "import", source).status == 0)
        #expect(try run(file, "list").output == DicomFS.run("list", "--archive", folder.appending("a")).output)
        #expect(try run(file, "list", "--archive", folder.appending("b")).status == 66)
        #expect(try run(file, "list", "--archive", "").status == 64)
        let wrong = try folder.write("wrong.yaml", Array("archiv: a\n".utf8))
        #expect(try run(wrong, "list").status == 78)
        #expect(try run(wrong, "list", "--archive", folder.appending("a")).status == 0)
        let missing = try run(try folder.write("none.yaml", []), "list")
        #expect(missing.status == 64)
        #expect(missing.errors.contains("Missing expected argument '--archive <dir>'"))
    }

    @Test func `peers lists who is known, where, and what each may do`() throws {
        let folder = try TemporaryFolder()
        let file = try folder.write(
            "x.yaml",
            Array(
                """
                peers:
                  ct1: {ae-title: CT 1, host: 10.0.0.5, port: 104, tls: true, may: [store, echo]}
                  ws: {ae-title: WS, host: "2001:db8::1", port: 11112}
                """.utf8))
        let done = try DicomFS.run("peers", "--config", file)
        #expect(
            done.output == """
                PEER      AE TITLE  HOST                 TLS  MAY
                ct1       CT 1      10.0.0.5:104         yes  echo,store
                ws        WS        [2001:db8::1]:11112  no   nothing
                (others)  any       any                  -    echo,store

                """)
        struct Listed: Decodable, Equatable {
            var name: String
            var aeTitle: String
            var host: String
            var port: Int?
            var tls: Bool
            var may: [String]
        }
        #expect(
            try DicomFS.json([Listed].self, "peers", "--config", file) == [
                Listed(name: "ct1", aeTitle: "CT 1", host: "10.0.0.5", port: 104, tls: true, may: ["echo", "store"]),
                Listed(name: "ws", aeTitle: "WS", host: "2001:db8::1", port: 11112, tls: false, may: []),
            ])
    }

    @Test func `serve takes its settings from the archive's own file, the environment and the command line`() throws {
        let folder = try TemporaryFolder()
        let archive = try folder.makeFolder("archive")
        // The folder is new but for this file.
        _ = try folder.write(
            "archive/dicomfs.yaml",
            Array(
                "mount-options: [files=json]\ndicom:\n  port: 1\n  ae-title: FILE\n  check-called-ae-title: true\n".utf8
            ))
        let served = try ServedArchive(archive: archive)
        func echo(_ title: String) throws -> Program {
            try Program.run("/usr/bin/echoscu", ["-aec", title, "127.0.0.1", "\(served.port)"])
        }
        #expect(try echo("FILE").status == 0)
        let other = try echo("OTHER")
        #expect(other.status != 0)
        #expect(other.errors.contains("Called AE Title Not Recognized"), "\(other.errors)")
        #expect(served.log.contains("it called us OTHER, and we are FILE"))
        _ = try Study.make(in: folder.appending("study"), images: 1, size: 8)
        #expect(try DicomFS.run("import", "--archive", archive, folder.appending("study")).status == 0)
        #expect(try served.files().allSatisfy { $0.hasSuffix(".json") })
        served.stop()
        try served.start(["-o", "files=dcm"], environment: ["DICOMFS_DICOM_AE_TITLE": "VARIABLE"])
        #expect(try echo("VARIABLE").status == 0)
        #expect(try echo("FILE").status != 0)
        #expect(try served.files().allSatisfy { $0.hasSuffix(".dcm") })
    }

    @Test func `settings that are wrong are exit code 78 and one line that names the place, and nothing is made`()
        throws
    {
        let folder = try TemporaryFolder()
        let archive = folder.appending("archive")
        let file = try folder.write("x.yaml", Array("archive: archive\ndicom:\n  prot: 11112\n".utf8))
        let cases: [([String], [String: String], String)] = [
            (["--config", file], [:], "\(file):3: there is no setting dicom.prot; dicom has enabled, "),
            ([], ["DICOMFS_CONFIG": file], "\(file):3: there is no setting dicom.prot; dicom has enabled, "),
            (["--config", folder.appending("none")], [:], "cannot read \(folder.appending("none")): No such file"),
            (["--archive", archive], ["DICOMFS_DICOM_PORT": "x"], "DICOMFS_DICOM_PORT takes 0 to 65535, not 'x'"),
        ]
        for command in ["serve", "config"] {
            for (arguments, environment, sentence) in cases {
                let done = try Program.run(DicomFS.path, [command] + arguments, environment: environment)
                #expect(done.status == 78)
                #expect(done.errors.hasPrefix("dicomfs: \(sentence)"), "\(done.errors)")
                #expect(done.errors.split(separator: "\n").count == 1)
                #expect(done.output == "")
            }
        }
        #expect(!FileManager.default.fileExists(atPath: archive))
    }

    @Test func `SIGHUP that somebody sends does not end serve, and that of a terminal that is closed does`() throws {
        let folder = try TemporaryFolder()
        let script = """
            import os, pty, signal, sys, time
            program, archive = sys.argv[1:]
            pid, terminal = pty.fork()
            if pid == 0:
                os.execv(program, [program, 'serve', '--archive', archive, '--dicom-port', '0'])
            said = b''
            while b'ready' not in said: said += os.read(terminal, 4096)
            os.kill(pid, signal.SIGHUP)
            while b'read again' not in said: said += os.read(terminal, 4096)
            print(os.waitpid(pid, os.WNOHANG)[0])
            os.close(terminal)
            print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
            """
        let done = try Program.run(
            "timeout", ["-k", "5", "60", "/usr/bin/python3", "-c", script, DicomFS.path, folder.appending("archive")])
        #expect(done.output == "0\n0\n", "\(done.errors)")
    }
}
