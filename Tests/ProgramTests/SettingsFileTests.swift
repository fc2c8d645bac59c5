import ArchiveSCP
import DICOMNetwork
import Foundation
import TestSupport
import Testing

@testable import dicomfs

/// What a settings file may have in it, and what is said of what it may not.
struct SettingsFileTests {
    private static func sentence(_ text: String) -> String {
        do {
            let file = try SettingsFile(path: "/x.yaml", text: text)
            _ = try Settings.load([:], environment: [:], file: file)
            return "good"
        } catch {
            #expect(!error.isUsage)
            return error.description
        }
    }

    @Test(arguments: [
        ("dicom:\n  prot: 5", "2: there is no setting dicom.prot; dicom has enabled, ae-title, port, bind, "),
        ("dicom.port: 5", "1: there is no setting dicom.port; dicom has "),
        ("dicm:\n  port: 5", "1: there is no setting dicm; there are archive, mount, mount-options, "),
        ("dicom:\n  dicom.port: 5", "2: there is no setting dicom.dicom.port; "),
        ("dicom: 5", "1: dicom is a section: enabled, "),
        ("dicom:\n  port: [5]", "2: dicom.port takes one value"),
        ("dicom:\n  port: {a: 5}", "2: dicom.port takes one value"),
        ("archive: [a, b]", "1: archive takes one value"),
        ("dicom:\n  port:", "2: dicom.port has no value; leave the line out, or write one"),
        (
            "dicom:\n  unknown-peers: echo",
            "2: dicom.unknown-peers takes a list, as in [echo, store]; [] for an empty one"
        ),
        ("dicom:\n  unknown-peers: [[echo]]", "2: dicom.unknown-peers takes a list of words, as in [echo, store]"),
        ("dicom:\n  port: 5\n  port: 6", "2: port is there twice"),
        ("- a", "1: a settings file has lines like 'archive: /srv/dicom'"),
        ("archive: a\nmount: b: c", "2: no YAML: mapping values are not allowed in this context"),
        ("archive: ~/dicom", "1: archive takes a path, in which ~ has no meaning, not '~/dicom'"),
    ])
    func `what is misspelt or misplaced is said with its line`(text: String, sentence: String) {
        #expect(Self.sentence(text).hasPrefix("/x.yaml:\(sentence)"), "\(Self.sentence(text))")
    }

    @Test(arguments: [
        ("dicom:\n  port: 70000", "2: dicom.port takes 0 to 65535, not '70000'"),
        ("dicom:\n  port: abc", "2: dicom.port takes 0 to 65535, not 'abc'"),
        ("dicom:\n  enabled: perhaps", "2: dicom.enabled takes true or false, not 'perhaps'"),
        (
            "dicom:\n  ae-title: A TITLE",
            "2: dicom.ae-title takes 1 to 16 ASCII characters without space and backslash, not"
        ),
        ("dicom:\n  find-limit: -1", "2: dicom.find-limit takes a number from 0 to 1000000000, not '-1'"),
        (
            "dicom:\n  unknown-peers: [echo, stor]",
            "2: dicom.unknown-peers takes some of echo, store, find, move, get, commit"
        ),
        ("mount-options: [uid=0, umask=9]", "1: mount-options: -o umask=9: umask takes an octal number up to 777"),
        ("limits:\n  associations: 0", "2: limits.associations takes a number from 1 to 10000, not '0'"),
        ("limits:\n  header-memory: 10K", "2: limits.header-memory takes 1M at least, not '10K'"),
        ("limits:\n  disk-reserve: 5X", "2: limits.disk-reserve takes a number of bytes, or of K, M, G, T of them"),
        ("tls:\n  profile: old", "2: tls.profile takes one of bcp195, bcp195-extended, not 'old'"),
        ("tls:\n  port: 2762", "2: tls.port needs tls.certificate: TLS takes a certificate and its key"),
        ("tls:\n  ca: a", "2: tls.ca needs tls.certificate: "),
    ])
    func `a value that cannot be is said with its line and the setting`(text: String, sentence: String) {
        #expect(Self.sentence(text).hasPrefix("/x.yaml:\(sentence)"), "\(Self.sentence(text))")
    }

    @Test(arguments: [
        ("ct1: {host: 192.0.2.1}", "2: the peer ct1 has no ae-title"),
        ("ct1: {ae-title: CT1}", "2: the peer ct1 has no host"),
        ("ct1: {ae-title: [A], host: a}", "2: ae-title of the peer ct1 takes one value"),
        ("ct1:", "2: the peer ct1 needs ae-title and host, each in a line under it"),
        ("ct1: {ae-title: CT1, host: '10.5'}", "2: the peer ct1: a host is a numeric address or a DNS name"),
        ("ct1: {ae-title: A TITLE OF 17 CHR, host: a}", "2: the peer ct1: an AE title has 1 to 16 ASCII characters"),
        ("ct1:\n    ae-title: A\n    host: a\n    port: 0", "5: port of the peer ct1 takes 1 to 65535"),
        ("ct1:\n    ae-title: A\n    host: a\n    tls: perhaps", "5: tls of the peer ct1 takes true or false"),
        (
            "ct1:\n    ae-title: A\n    host: a\n    may: [eco]",
            "5: may of the peer ct1 takes a list of echo, store, find"
        ),
        (
            "ct1:\n    ae-title: A\n    host: a\n    mai: [echo]",
            "5: a peer has no 'mai'; it has ae-title, host, port, tls, may"
        ),
        (
            "a: {ae-title: A, host: h}\n  b: {ae-title: A, host: H}",
            "3: the peers a and b have the same AE title A and the same"
        ),
        ("a: {ae-title: A, host: h}\n  a: {ae-title: B, host: H}", "2: a is there twice"),
        ("a b: {ae-title: A, host: h}", "2: the peer a b: a peer's name has letters, digits"),
        ("- a", "2: peers is a section: a name for each peer"),
    ])
    func `a peer that cannot be is said with its line and name`(text: String, sentence: String) {
        let said = Self.sentence("peers:\n  \(text)")
        #expect(said.hasPrefix("/x.yaml:\(sentence)"), "\(said)")
    }

    @Test(arguments: ["", "# nothing yet\n", "dicom:\nlimits:\npeers:\n", "{}", "---\n"])
    func `a file may be empty, and so may its sections`(text: String) {
        #expect(Self.sentence(text) == "good")
    }

    @Test func `a peer has what its lines say, and may nothing without may`() throws {
        let file = try SettingsFile(
            path: "/x.yaml",
            text: """
                peers:
                  ct1:
                    ae-title: CT 1
                    host: ct1.example
                    port: 104
                    tls: yes
                    may: [echo, commit]
                  ws: {ae-title: WS, host: "::1"}
                """)
        #expect(file.peers.map(\.line) == [2, 8])
        let ct1 = try Peer(
            name: "ct1", aeTitle: "CT 1", host: "ct1.example", port: 104, usesTLS: true, rights: [.echo, .commit])
        #expect(file.peers.map(\.peer) == [ct1, try Peer(name: "ws", aeTitle: "WS", host: "::1")])
    }

    @Test func `the example has every setting, and is right`() throws {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let text = try String(contentsOf: root.appending(path: "mount/dicomfs.yaml.example"), encoding: .utf8)
        #expect(Self.sentence(text) == "good")
        for key in SettingKey.allCases { #expect(text.contains("\(key.components.last!): "), "\(key)") }
        // What it says of defaults is so.
        let all = text.replacing(/(?m)^( *)# ([a-z-]+:)/) { "\($0.1)\($0.2)" }
        let file = try SettingsFile(path: "/x.yaml", text: all.replacing("tls:", with: "# tls:"))
        for (key, line) in file.lines
        where text.split(separator: "\n", omittingEmptySubsequences: false)[line - 1].contains("# ") {
            guard let expected = key.defaultValue else { continue }
            #expect(try SettingsSources(file: file).setting(key).value == expected, "\(key)")
        }
    }

    @Test func `a file that cannot be read is said so`() throws {
        let folder = try TemporaryFolder()
        func sentence(_ path: String) -> String? {
            do { _ = try SettingsFile(reading: path) } catch { return error.description }
            return nil
        }
        let none = folder.appending("none")
        #expect(sentence(none) == "cannot read \(none): No such file or directory")
        #expect(sentence(folder.path) == "cannot read \(folder.path): Is a directory")
        let latin = try folder.write("latin", [0x61, 0x3A, 0x20, 0xFC])
        #expect(sentence(latin) == "\(latin) is not in UTF-8")
        let long = try folder.write("long", [UInt8](repeating: 0x23, count: 2 << 20))
        #expect(sentence(long) == "\(long) is too long for a settings file")
        #expect(sentence("/dev/null") == nil)
    }
}
