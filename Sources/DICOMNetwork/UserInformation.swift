/// The user information of A-ASSOCIATE-RQ and -AC (PS3.7 annex D.3.3), as far as it matters here.
struct UserInformation {
    /// The longest PDU that its sender takes; 0 for any.
    var maximumLength: UInt32 = 0
    /// Which roles who requests proposes for a SOP Class, and who accepts agrees to. Without: who requests is the SCU.
    var roles: [String: Roles] = [:]
    /// The Service-class-application-information of a SOP Class.
    var extendedNegotiation: [String: [UInt8]] = [:]

    /// The roles of who requests the association.
    struct Roles: Equatable {
        var isUser: Bool
        var isProvider: Bool
    }

    /// The least that a peer may say is the longest PDU that it takes: a value's head takes 6 bytes of it.
    private static let shortestMaximum: UInt32 = 16
    /// The most entries of each kind: one for each context there can be.
    private static let mostEntries = 128

    init() {}

    init(_ value: ArraySlice<UInt8>) throws(AssociationFailure) {
        var fields = Fields(value)
        while let item = try fields.item() {
            var value = Fields(item.value)
            switch item.type {
            case 0x51:
                guard let maximum = value.number32() else { throw .malformed }
                guard maximum == 0 || maximum >= Self.shortestMaximum else {
                    throw AssociationFailure("the peer takes PDUs of \(maximum) bytes only, which hold next to nothing")
                }
                maximumLength = maximum
            case 0x54:
                // What cannot be read is not answered either.
                guard roles.count < Self.mostEntries, let uid = try? Fields.uid(value.counted()),
                    let user = value.number8(), let provider = value.number8()
                else { continue }
                roles[uid] = Roles(isUser: user != 0, isProvider: provider != 0)
            case 0x56:
                guard extendedNegotiation.count < Self.mostEntries, let uid = try? Fields.uid(value.counted())
                else { continue }
                extendedNegotiation[uid] = Array(value.remaining().prefix(64))
            // Asynchronous operations, user identity: not answered, hence not agreed to.
            default: break
            }
        }
    }

    /// The item, with our implementation's name.
    var encoded: [UInt8] {
        var value = PDU.item(0x51, maximumLength.bigEndianBytes)
        value += PDU.item(0x52, Array(Implementation.classUID.utf8))
        for (uid, role) in roles.sorted(by: { $0.key < $1.key }) {
            value += PDU.item(0x54, Self.counted(uid) + [role.isUser ? 1 : 0, role.isProvider ? 1 : 0])
        }
        value += PDU.item(0x55, Array(Implementation.versionName.utf8))
        for (uid, information) in extendedNegotiation.sorted(by: { $0.key < $1.key }) {
            value += PDU.item(0x56, Self.counted(uid) + information)
        }
        return PDU.item(0x50, value)
    }

    private static func counted(_ uid: String) -> [UInt8] { UInt16(uid.utf8.count).bigEndianBytes + uid.utf8 }
}

/// What this implementation calls itself (PS3.7 D.3.3.2).
enum Implementation {
    static let classUID = "2.25.290375083162530424071364743536108841360"
    static let versionName = "DICOMFS_1"
}
