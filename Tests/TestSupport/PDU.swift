/// Protocol data units written by hand (PS3.8 9.3), right or wrong.
package enum PDU {
    /// A presentation context to propose.
    package struct Context: Sendable {
        package var id: UInt8
        package var abstractSyntax: String
        package var transferSyntaxes: [String]

        package init(_ id: UInt8, _ abstractSyntax: String, _ transferSyntaxes: String...) {
            self.id = id
            self.abstractSyntax = abstractSyntax
            self.transferSyntaxes = transferSyntaxes
        }

        package static let verification = Context(1, "1.2.840.10008.1.1", "1.2.840.10008.1.2")
        package static let ct = Context(3, ctClass, "1.2.840.10008.1.2.1")

        package var item: [UInt8] {
            var value: [UInt8] = [id, 0, 0, 0] + PDU.item(0x30, abstractSyntax)
            for syntax in transferSyntaxes { value += PDU.item(0x40, syntax) }
            return PDU.item(0x20, value)
        }
    }

    /// A presentation data value.
    package struct PDV: Sendable {
        package enum Kind: UInt8, Sendable {
            case data = 0
            case commandFragment = 1
            case lastData = 2
            case command = 3
        }

        package private(set) var bytes: [UInt8]

        package init(_ context: UInt8, _ kind: Kind, _ value: [UInt8], length: Int? = nil) {
            bytes = PDU.big32(length ?? value.count + 2) + [context, kind.rawValue] + value
        }
    }

    package static let ctClass = "1.2.840.10008.5.1.4.1.1.2"
    package static let release: [UInt8] = [5, 0, 0, 0, 0, 4, 0, 0, 0, 0]
    package static let abort: [UInt8] = [7, 0, 0, 0, 0, 4, 0, 0, 0, 0]

    package static func pdu(_ type: UInt8, _ body: [UInt8], length: Int? = nil) -> [UInt8] {
        [type, 0] + big32(length ?? body.count) + body
    }

    package static func item(_ type: UInt8, _ value: [UInt8]) -> [UInt8] {
        [type, 0, UInt8(value.count >> 8), UInt8(value.count & 0xFF)] + value
    }

    package static func item(_ type: UInt8, _ value: String) -> [UInt8] { item(type, Array(value.utf8)) }

    /// A-ASSOCIATE-RQ with these items after its fixed part.
    package static func associate(items: [UInt8], called: String = "DICOMFS", calling: String = "PEER") -> [UInt8] {
        func padded(_ title: String) -> [UInt8] { Array((title + String(repeating: " ", count: 16)).utf8.prefix(16)) }
        return pdu(1, [0, 1, 0, 0] + padded(called) + padded(calling) + [UInt8](repeating: 0, count: 32) + items)
    }

    package static func associate(
        _ contexts: [Context], maximumLength: Int = 16384, called: String = "DICOMFS", calling: String = "PEER"
    ) -> [UInt8] {
        let user = item(0x51, big32(maximumLength)) + item(0x52, "1.2.3.4") + item(0x55, "TEST")
        let items = item(0x10, "1.2.840.10008.3.1.1.1") + contexts.flatMap(\.item) + item(0x50, user)
        return associate(items: items, called: called, calling: calling)
    }

    package static func data(_ values: [PDV]) -> [UInt8] { pdu(4, values.flatMap(\.bytes)) }

    /// A command set in implicit VR little endian.
    package static func command(
        _ field: UInt16, hasDataSet: Bool = false, sopClass: String = ctClass, sopInstance: String = "1.2.3.4.5"
    ) -> [UInt8] {
        let elements =
            element(0x0002, Array(sopClass.utf8)) + element(0x0100, little16(field)) + element(0x0110, little16(7))
            + element(0x0800, little16(hasDataSet ? 0 : 0x0101)) + element(0x1000, Array(sopInstance.utf8))
        return element(0x0000, little16(UInt16(elements.count)) + [0, 0]) + elements
    }

    /// An element of a command set.
    package static func element(_ element: UInt16, _ value: [UInt8]) -> [UInt8] {
        let padded = value + (value.count % 2 == 1 ? [0] : [])
        return [0, 0] + little16(element) + little16(UInt16(padded.count)) + [0, 0] + padded
    }

    package static func store(_ context: UInt8 = 3, sopInstance: String = "1.2.3.4.5") -> PDV {
        PDV(context, .command, command(0x0001, hasDataSet: true, sopInstance: sopInstance))
    }

    package static func big32(_ value: Int) -> [UInt8] {
        [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) }
    }
    package static func little16(_ value: UInt16) -> [UInt8] { [UInt8(value & 0xFF), UInt8(value >> 8)] }
}
