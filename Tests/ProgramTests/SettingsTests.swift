import ArchiveSCP
import ArgumentParser
import DICOMNetwork
import Foundation
import Logging
import TestSupport
import Testing

@testable import dicomfs

/// Which of the places wins where a setting is given, and which file is read.
struct SettingsTests {
    private static func load(
        _ flags: [SettingKey: SettingValue] = [:], _ environment: [String: String] = [:], _ text: String? = nil
    ) throws -> Settings {
        let file = try text.map { text throws(SettingsError) in try SettingsFile(path: "/etc/x.yaml", text: text) }
        return try Settings.load(flags, environment: environment, file: file)
    }

    @Test func `the command line is before the environment, that before the file, that before the default`() throws {
        let text = "dicom:\n  port: 1\n  bind: 192.0.2.1\n  ae-title: FILE"
        let environment = ["DICOMFS_DICOM_PORT": "2", "DICOMFS_DICOM_BIND": "192.0.2.2"]
        let settings = try Self.load([.port: .text("3")], environment, text)
        #expect(settings.port == 3)
        #expect(settings.all[.port]?.origin == .flag("--dicom-port"))
        #expect(settings.bind == "192.0.2.2")
        #expect(settings.all[.bind]?.origin == .environment("DICOMFS_DICOM_BIND"))
        #expect(settings.aeTitle == "FILE")
        #expect(settings.all[.aeTitle]?.origin == .file("/etc/x.yaml", line: 4))
        #expect(settings.limits.associations == 32)
        #expect(settings.all[.associations]?.origin == SettingOrigin.none)
    }

    @Test(arguments: SettingKey.allCases)
    func `each setting can be given in the file, in the environment and on the command line`(key: SettingKey) throws {
        let samples: [SettingKey: String] = [
            .supervisor: "false", .acceptsAssociations: "false", .checksCalledAETitle: "true", .aeTitle: "X",
            .bind: "::1", .port: "7", .tlsPort: "7", .findLimit: "7", .tlsClientCertificates: "optional",
            .tlsProfile: "bcp195-extended", .unknownPeers: "find", .mountOptions: "uid=7", .associations: "777",
            .instanceSize: "777M", .headerMemory: "777M", .imageMemory: "777M", .idleTimeout: "777",
            .associationTimeout: "777", .diskReserve: "777M", .openFiles: "777",
        ]
        let sample = samples[key] ?? "/some/path"
        let value: SettingValue = key.isList ? .list([sample]) : .text(sample)
        let parts = key.components
        let line = "\(parts.last!): " + (key.isList ? "[\(sample)]" : sample)
        let file = try SettingsFile(path: "/x.yaml", text: parts.count == 1 ? line : "\(parts[0]):\n  \(line)")
        let places: [(SettingsSources, SettingOrigin)] = [
            (SettingsSources(file: file), .file("/x.yaml", line: parts.count)),
            (
                SettingsSources(environment: [key.environmentVariable: sample], file: file),
                .environment(key.environmentVariable)
            ),
            (SettingsSources(flags: [key: value], file: file), .flag(key.flag(for: value))),
        ]
        for (sources, origin) in places {
            let setting = try sources.setting(key)
            #expect(setting.value == value)
            #expect(setting.origin == origin)
        }
        #expect(key.defaultValue != value)
    }

    @Test func `options of serve are given only when they stand there`() throws {
        #expect(try ServeOptions.parse([]).flags == [:])
        let all = [
            "--archive", "/a", "--mount", "/m", "--dicom-port", "1", "--dicom-bind", "::1", "--aet", "X", "--no-dicom",
            "--no-supervisor", "--check-called-aet", "--unknown-peers", "echo,find", "--find-limit", "5", "--tls-port",
            "2",
            "--tls-certificate", "/c", "--tls-key", "/k", "--tls-ca", "/ca", "--tls-client-certificates", "off",
            "--tls-profile", "bcp195", "--max-associations", "3", "--max-instance-size", "1G", "--header-memory", "2M",
            "--image-memory", "64M", "--idle-timeout", "4", "--association-timeout", "5", "--disk-reserve", "6K",
            "--max-open-files", "100", "-o", "uid=1", "-o", "gid=2",
        ]
        let flags = try ServeOptions.parse(all).flags
        #expect(Set(flags.keys) == Set(SettingKey.allCases))
        #expect(flags[.unknownPeers] == .list(["echo", "find"]))
        #expect(flags[.mountOptions] == .list(["uid=1", "gid=2"]))
        #expect(flags[.instanceSize] == .text("1G"))
        #expect(flags[.acceptsAssociations] == .text("false"))
        #expect(try ServeOptions.parse(["--dicom"]).flags == [.acceptsAssociations: .text("true")])
    }

    @Test func `without settings, peers may echo and store, of this machine only`() throws {
        let settings = try Self.load()
        #expect(settings.unknownPeers == [.echo, .store])
        #expect(settings.bind == "127.0.0.1")
        #expect(settings.tls == nil)
        #expect(settings.peers.isEmpty)
        #expect(!settings.checksCalledAETitle)
        #expect(settings.findLimit == nil)
        #expect(settings.limits.instanceSize == nil)
    }

    @Test func `an environment variable that is empty is not there, and a wrong one is named`() throws {
        #expect(try Self.load([:], ["DICOMFS_DICOM_PORT": ""], "dicom:\n  port: 7").port == 7)
        let wrong = #expect(throws: SettingsError.self) { try Self.load([:], ["DICOMFS_DICOM_PORT": "x"]) }
        #expect(wrong?.description == "DICOMFS_DICOM_PORT takes 0 to 65535, not 'x'")
        #expect(wrong?.isUsage == false)
        #expect(try Self.load([:], ["DICOMFS_DICOM_UNKNOWN_PEERS": "none"]).unknownPeers == [])
        #expect(try Self.load([:], ["DICOMFS_DICOM_UNKNOWN_PEERS": "get, find"]).unknownPeers == [.get, .find])
    }

    @Test func `what is wrong on the command line is wrong usage`() throws {
        let wrong = #expect(throws: SettingsError.self) { try Self.load([.port: .text("70000")]) }
        #expect(wrong?.description == "--dicom-port takes 0 to 65535.")
        #expect(wrong?.isUsage == true)
    }

    @Test func `a relative path of the file begins at its folder, one of the environment where the program runs`()
        throws
    {
        let settings = try Self.load([:], ["DICOMFS_MOUNT": "m"], "archive: a\nmount: b")
        #expect(settings.archive == "/etc/a")
        #expect(settings.mount == "m")
    }

    @Test
    func `the file is the one named, else the archive's own, else the machine's unless that is of another archive`()
        throws
    {
        let folder = try TemporaryFolder()
        func write(_ name: String, _ text: String) throws -> String { try folder.write(name, Array(text.utf8)) }
        let named = try write("named.yaml", "dicom:\n  port: 1")
        let variable = try write("variable.yaml", "dicom:\n  port: 2")
        let archive = try folder.makeFolder("archive")
        let other = try folder.makeFolder("other")
        let system = try write("system.yaml", "archive: other\ndicom:\n  port: 4")
        func port(_ config: String? = nil, _ archive: String? = nil, _ environment: [String: String] = [:]) throws
            -> Int
        {
            let flags: [SettingKey: SettingValue] = archive.map { [.archive: .text($0)] } ?? [:]
            return try Settings.load(flags, config: config, environment: environment, system: system).port
        }
        #expect(try port() == 4)
        #expect(try port(nil, archive) == 4242)
        #expect(try port(nil, nil, ["DICOMFS_ARCHIVE": archive]) == 4242)
        #expect(try port(nil, "\(archive)/../other/") == 4)
        #expect(try port(nil, other) == 4)
        _ = try write("system.yaml", "dicom:\n  port: 4")
        #expect(try port(nil, archive) == 4)
        _ = try write("archive/dicomfs.yaml", "dicom:\n  port: 3")
        #expect(try port(nil, archive) == 3)
        #expect(try port(nil, nil, ["DICOMFS_ARCHIVE": archive]) == 3)
        #expect(try port(nil, archive, ["DICOMFS_CONFIG": variable]) == 2)
        #expect(try port(named, archive, ["DICOMFS_CONFIG": variable]) == 1)
        #expect(throws: SettingsError.self) { try port(folder.appending("none"), archive) }
    }

    @Test func `TLS takes all it needs, from wherever, in files that can be read and a key that others cannot`() throws
    {
        let folder = try TemporaryFolder()
        for name in ["cert", "key", "ca"] { _ = try folder.write(name, []) }
        func mode(_ permissions: Int) throws {
            let attributes = [FileAttributeKey.posixPermissions: permissions]
            try FileManager.default.setAttributes(attributes, ofItemAtPath: folder.appending("key"))
        }
        try mode(0o640)
        let flags: [SettingKey: SettingValue] = [
            .tlsPort: .text("2762"), .tlsKey: .text(folder.appending("key")), .tlsCA: .text(folder.appending("ca")),
        ]
        let environment = ["DICOMFS_TLS_CERTIFICATE": folder.appending("cert")]
        let tls = try Self.load(flags, environment).tls
        #expect(
            tls
                == TLSSettings(
                    port: 2762, certificate: folder.appending("cert"), key: folder.appending("key"),
                    ca: folder.appending("ca"), clientCertificates: .required, profile: .bcp195))

        func sentence(_ flags: [SettingKey: SettingValue]) -> String? {
            do { _ = try Self.load(flags, environment) } catch { return (error as? SettingsError)?.description }
            return nil
        }
        var less = flags
        // To call peers only.
        less[.tlsPort] = nil
        #expect(try Self.load(less, environment).tls?.port == nil)
        #expect(try Self.load(less, environment).tls?.ca == folder.appending("ca"))
        less = flags
        less[.tlsCA] = nil
        #expect(sentence(less) == "--tls-port needs --tls-ca: client certificates are required; without them: off.")
        less[.tlsClientCertificates] = .text("off")
        #expect(sentence(less) == nil)
        less[.tlsKey] = nil
        #expect(sentence(less) == "--tls-port needs --tls-key: TLS takes a certificate and its key.")
        less[.tlsKey] = .text("/none")
        #expect(sentence(less) == "--tls-key takes a file that can be read (No such file or directory).")
        try mode(0o644)
        #expect(sentence(flags) == "--tls-key takes a file that nobody else can read (chmod o=).")
    }

    @Test func `reading again changes rights, tells what takes a restart, and changes nothing when it is wrong`() throws
    {
        let folder = try TemporaryFolder()
        let path = try folder.write("x.yaml", Array("dicom:\n  check-called-ae-title: true\n".utf8))
        let load = { @Sendable () throws(SettingsError) in
            try Settings.load([:], config: path, environment: [:])
        }
        let lines = Lines()
        let live = LiveSettings(try load(), logger: lines.logger, load: load)
        func rights(_ called: String = "DICOMFS") -> ServiceRights {
            live.peers.decide(callingAETitle: "X", calledAETitle: called, peerAddress: "192.0.2.1").rights
        }
        #expect(rights() == [.echo, .store])
        #expect(rights("OTHER") == [])
        _ = try folder.write(
            "x.yaml", Array("dicom:\n  check-called-ae-title: true\n  unknown-peers: [get]\n  ae-title: NEW\n".utf8))
        #expect(live.reload())
        // What we are called takes a restart: until then it is the old title that peers must say.
        #expect(rights() == [.get])
        #expect(rights("NEW") == [])
        #expect(
            lines.all == [
                "notice settings read again from \(path): 0 peers; unknown peers may do: get",
                "warning only a restart of serve changes dicom.ae-title to NEW (\(path):4)",
            ])
        _ = try folder.write("x.yaml", Array("dicom:\n  unknown-peers: [all]\n".utf8))
        #expect(!live.reload())
        #expect(rights() == [.get])
        #expect(lines.all.last?.hasPrefix("error \(path):2: dicom.unknown-peers takes some of ") == true)
        #expect(lines.all.last?.hasSuffix("; peers and rights stay as they were") == true)

        // A worker that is started now has the settings of the start, and the last good rights.
        let descriptor = try live.handed.descriptor()
        let handed = try HandedSettings(descriptor: descriptor)
        #expect(handed.running?.text.contains("unknown-peers") == false)
        #expect(handed.current?.text.contains("[get]") == true)
    }
}
