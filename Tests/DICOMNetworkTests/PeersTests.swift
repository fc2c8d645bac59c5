import DICOMNetwork
import Synchronization
import Testing

@testable import ArchiveSCP

/// Who may do what: every service by who asks and from where.
struct PeersTests {
    private typealias Known = ArchiveSCP.Peer

    private static func peers(_ peers: Known..., unknown: ServiceRights = [.echo, .store], called: String? = nil) throws
        -> Peers
    {
        Peers(try PeerTable(peers: peers, unknownRights: unknown, calledAETitle: called))
    }

    private static func known(_ name: String, _ host: String, _ rights: ServiceRights, port: Int? = nil) throws -> Known
    {
        try Known(name: name, aeTitle: name.uppercased(), host: host, port: port, rights: rights)
    }

    /// A table in which names have the addresses given, and how often each was asked for.
    private final class Names: Sendable {
        let addresses: Mutex<[String: [String]]>
        let asked = Mutex<[String]>([])
        let time = Mutex(ContinuousClock.now)

        init(_ addresses: [String: [String]]) { self.addresses = Mutex(addresses) }

        var names: PeerNames {
            PeerNames(now: { self.time.withLock { $0 } }) { name in
                self.asked.withLock { $0.append(name) }
                return Set(self.addresses.withLock { $0[name] ?? [] }.compactMap { PeerAddress($0) })
            }
        }

        func pass(seconds: Int) { time.withLock { $0 += .seconds(seconds) } }
    }

    @Test(arguments: ServiceRights.allNames)
    func `a service is for peers with the right to it, and for unknown ones by their own rule`(service: String) throws {
        let right = try #require(ServiceRights(name: service))
        let all: ServiceRights = [.echo, .store, .find, .move, .get, .commit]
        let peers = try Self.peers(
            Self.known("with", "192.0.2.1", right), Self.known("without", "192.0.2.2", all.subtracting(right)))
        #expect(peers.rights(callingAETitle: "WITH", peerAddress: "192.0.2.1").rights == right)
        let without = peers.rights(callingAETitle: "WITHOUT", peerAddress: "192.0.2.2")
        #expect(without.rights == all.subtracting(right))
        #expect(!without.rights.contains(right))
        let unknown = peers.rights(callingAETitle: "OTHER", peerAddress: "192.0.2.1")
        #expect(unknown == .accept([.echo, .store], nil))
        #expect(unknown.rights.contains(right) == ["echo", "store"].contains(service))
        let elsewhere = peers.rights(callingAETitle: "WITH", peerAddress: "192.0.2.2")
        #expect(
            elsewhere
                == .rejectCallingAETitle(
                    "the AE title WITH is with's, whose host is 192.0.2.1, and it called from 192.0.2.2"))
        #expect(elsewhere.rights == [])
    }

    @Test func `who may do nothing is rejected, known or not`() throws {
        let peers = try Self.peers(Self.known("sink", "192.0.2.1", []), unknown: [])
        #expect(
            peers.rights(callingAETitle: "SINK", peerAddress: "192.0.2.1")
                == .rejectCallingAETitle("the peer sink may do nothing"))
        #expect(
            peers.rights(callingAETitle: "OTHER", peerAddress: "192.0.2.1")
                == .rejectCallingAETitle("no peer has the AE title OTHER, and unknown peers may do nothing"))
    }

    @Test func `an AE title is that of a peer in each letter, upper case and lower`() throws {
        let peers = try Self.peers(Self.known("ct", "192.0.2.1", .find))
        #expect(peers.rights(callingAETitle: "ct", peerAddress: "192.0.2.1") == .accept([.echo, .store], nil))
    }

    @Test(arguments: [
        ("192.0.2.1", "192.0.2.1", true), ("192.0.2.1", "::ffff:192.0.2.1", true),
        ("::ffff:192.0.2.1", "192.0.2.1", true), ("2001:db8::1", "2001:0DB8:0:0::0:1", true),
        ("2001:db8::1", "2001:db8::2", false), ("fe80::1", "fe80::1%eth0", true), ("192.0.2.1", "192.0.2.10", false),
        ("192.0.2.1", "", false),
    ])
    func `hosts are compared as addresses and not as text`(host: String, from: String, isSame: Bool) throws {
        let peers = try Self.peers(Self.known("ct", host, .find))
        #expect((peers.rights(callingAETitle: "CT", peerAddress: from).rights == .find) == isSame)
    }

    @Test func `a host's name stands for each of its addresses, looked up once a minute`() throws {
        let names = Names(["ct.example": ["192.0.2.1", "2001:db8::1"]])
        let peers = Peers(try PeerTable(peers: [Self.known("ct", "CT.example", .find)]), names: names.names)
        for from in ["192.0.2.1", "2001:db8::1", "::ffff:192.0.2.1"] {
            #expect(peers.rights(callingAETitle: "CT", peerAddress: from).rights == .find)
        }
        #expect(peers.rights(callingAETitle: "CT", peerAddress: "192.0.2.2").rights == [])
        #expect(names.asked.withLock { $0 } == ["ct.example"])
        names.addresses.withLock { $0 = ["ct.example": ["192.0.2.2"]] }
        names.pass(seconds: 59)
        #expect(peers.rights(callingAETitle: "CT", peerAddress: "192.0.2.1").rights == .find)
        names.pass(seconds: 2)
        #expect(peers.rights(callingAETitle: "CT", peerAddress: "192.0.2.1").rights == [])
        #expect(peers.rights(callingAETitle: "CT", peerAddress: "192.0.2.2").rights == .find)
    }

    @Test func `a name that cannot be resolved is nobody's, and asked for again after five seconds`() throws {
        let names = Names([:])
        let peers = Peers(try PeerTable(peers: [Self.known("ct", "ct.example", .find)]), names: names.names)
        for _ in 0..<3 { #expect(peers.rights(callingAETitle: "CT", peerAddress: "192.0.2.1").rights == []) }
        #expect(names.asked.withLock { $0.count } == 1)
        names.addresses.withLock { $0 = ["ct.example": ["192.0.2.1"]] }
        names.pass(seconds: 6)
        #expect(peers.rights(callingAETitle: "CT", peerAddress: "192.0.2.1").rights == .find)
    }

    @Test func `names are looked up for their own AE title only`() throws {
        let names = Names([:])
        let peers = Peers(try PeerTable(peers: [Self.known("ct", "ct.example", .find)]), names: names.names)
        _ = peers.rights(callingAETitle: "OTHER", peerAddress: "192.0.2.1")
        #expect(names.asked.withLock { $0 } == [])
    }

    @Test func `the machine's own resolver is asked`() throws {
        let peers = try Self.peers(Self.known("ct", "localhost", .find))
        #expect(peers.rights(callingAETitle: "CT", peerAddress: "127.0.0.1").rights == .find)
        let nowhere = try Self.peers(Self.known("ct", "nowhere.invalid", .find))
        #expect(nowhere.rights(callingAETitle: "CT", peerAddress: "127.0.0.1").rights == [])
    }

    @Test func `of several peers with one AE title each has its own rights by its host`() throws {
        let peers = try Self.peers(
            Known(name: "a", aeTitle: "CT", host: "192.0.2.1", rights: .find),
            Known(name: "b", aeTitle: "CT", host: "192.0.2.2", port: 104, rights: .get))
        #expect(peers.rights(callingAETitle: "CT", peerAddress: "192.0.2.1").rights == .find)
        #expect(peers.rights(callingAETitle: "CT", peerAddress: "192.0.2.2").rights == .get)
        #expect(
            peers.rights(callingAETitle: "CT", peerAddress: "192.0.2.3")
                == .rejectCallingAETitle(
                    "the AE title CT is a's, whose host is 192.0.2.1, and b's, whose host is 192.0.2.2, "
                        + "and it called from 192.0.2.3"))
        #expect(peers.destination(aeTitle: "CT")?.name == "b")
    }

    @Test func `who called is called back where it called from, if several have its AE title`() throws {
        let peers = try Self.peers(
            Known(name: "a", aeTitle: "CT", host: "192.0.2.1", port: 104, rights: .commit),
            Known(name: "b", aeTitle: "CT", host: "192.0.2.2", port: 104, rights: .commit),
            Known(name: "c", aeTitle: "CT", host: "192.0.2.3", rights: .commit))
        #expect(peers.destination(aeTitle: "CT", peerAddress: "192.0.2.1")?.name == "a")
        #expect(peers.destination(aeTitle: "CT", peerAddress: "192.0.2.2")?.name == "b")
        #expect(peers.destination(aeTitle: "CT", peerAddress: "192.0.2.3") == nil)
        #expect(peers.destination(aeTitle: "OTHER", peerAddress: "192.0.2.1") == nil)
    }

    @Test func `destinations are found by AE title where they have a port`() throws {
        let peers = try Self.peers(
            Self.known("ct", "192.0.2.1", .find, port: 104), Self.known("ws", "192.0.2.2", .find))
        #expect(peers.destination(aeTitle: "CT")?.port == 104)
        #expect(peers.destination(aeTitle: "WS") == nil)
        #expect(peers.destination(aeTitle: "OTHER") == nil)
    }

    @Test func `who calls us by another AE title is rejected when that is asked for, known or not`() throws {
        let peers = try Self.peers(Self.known("ct", "192.0.2.1", .find), called: "ARCHIVE")
        func decide(_ calling: String, _ called: String) -> Peers.Decision {
            peers.decide(callingAETitle: calling, calledAETitle: called, peerAddress: "192.0.2.1")
        }
        let reason = "it called us OTHER, and we are ARCHIVE"
        #expect(decide("CT", "OTHER") == .rejectCalledAETitle(reason))
        #expect(decide("ANY", "OTHER") == .rejectCalledAETitle(reason))
        #expect(decide("CT", "ARCHIVE").rights == .find)
        let any = try Self.peers()
        #expect(
            any.decide(callingAETitle: "A", calledAETitle: "B", peerAddress: "192.0.2.1").rights == [.echo, .store])
    }

    @Test func `another table holds at once, and names are looked up anew`() throws {
        let names = Names(["ct.example": ["192.0.2.1"]])
        let peers = Peers(try PeerTable(peers: [Self.known("ct", "ct.example", .find)]), names: names.names)
        #expect(peers.rights(callingAETitle: "CT", peerAddress: "192.0.2.1").rights == .find)
        names.addresses.withLock { $0 = ["ct.example": ["192.0.2.2"]] }
        peers.replace(try PeerTable(peers: [Self.known("ct", "ct.example", .get)], unknownRights: []))
        #expect(peers.rights(callingAETitle: "CT", peerAddress: "192.0.2.1").rights == [])
        #expect(peers.rights(callingAETitle: "CT", peerAddress: "192.0.2.2").rights == .get)
        #expect(peers.rights(callingAETitle: "OTHER", peerAddress: "192.0.2.2").rights == [])
    }

    @Test(arguments: [
        ("ct 1", "CT", "192.0.2.1", 104), ("", "CT", "192.0.2.1", 104), ("ct", "", "192.0.2.1", 104),
        ("ct", "A TITLE TOO LONG!", "192.0.2.1", 104), ("ct", "A\\B", "192.0.2.1", 104),
        ("ct", "A\u{7}", "192.0.2.1", 104), ("ct", "Ä", "192.0.2.1", 104), ("ct", " CT", "192.0.2.1", 104),
        ("ct", "CT", "", 104), ("ct", "CT", "10.5", 104), ("ct", "CT", "192.0.2.256", 104), ("ct", "CT", "a b", 104),
        ("ct", "CT", "-a.example", 104), ("ct", "CT", "a..b", 104), ("ct", "CT", "[::1]", 104),
        ("ct", "CT", "192.0.2.1", 0), ("ct", "CT", "192.0.2.1", 65536),
    ])
    func `what can be no peer is refused`(name: String, aeTitle: String, host: String, port: Int) {
        #expect(throws: PeerError.self) { try Known(name: name, aeTitle: aeTitle, host: host, port: port) }
    }

    @Test func `two peers of one name, or of one AE title and host, are refused`() throws {
        let one = try Known(name: "a", aeTitle: "CT", host: "::ffff:192.0.2.1")
        for other in [
            try Known(name: "a", aeTitle: "MR", host: "192.0.2.2"),
            try Known(name: "b", aeTitle: "CT", host: "192.0.2.1"),
        ] {
            #expect(throws: PeerError.self) { try PeerTable(peers: [one, other]) }
        }
        let names = [
            try Known(name: "a", aeTitle: "CT", host: "ct.example"),
            try Known(name: "b", aeTitle: "CT", host: "CT.Example"),
        ]
        #expect(throws: PeerError.self) { try PeerTable(peers: names) }
    }
}
