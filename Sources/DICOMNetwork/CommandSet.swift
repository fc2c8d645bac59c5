/// A command set (PS3.7 section 6.3.1 and annex E), as far as a storage provider reads or writes it.
///
/// Elements lie one after another in implicit VR little endian and never nest, so DCMTK's data sets, which follow a hostile
/// peer into any depth and need a dictionary file, are not used. Absent numbers are 0 and absent texts empty.
struct CommandSet {
    var affectedSOPClassUID = ""
    var commandField: UInt16 = 0
    var messageID: UInt16 = 0
    var messageIDBeingRespondedTo: UInt16 = 0
    var dataSetType: UInt16 = 0
    var status: UInt16 = 0
    var errorComment = ""
    var affectedSOPInstanceUID = ""

    /// Command Data Set Type (0000,0800) of a message without a data set.
    static let noDataSet: UInt16 = 0x0101

    /// A response to a request.
    init(responseTo request: CommandSet, status: DIMSEStatus, errorComment: String) {
        affectedSOPClassUID = request.affectedSOPClassUID
        commandField = request.commandField | 0x8000
        messageIDBeingRespondedTo = request.messageID
        dataSetType = Self.noDataSet
        self.status = status.rawValue
        // LO: 64 characters, no backslash.
        self.errorComment = asciiText(errorComment.utf8.prefix(64).map { $0 == 0x5C ? UInt8(ascii: "?") : $0 })
        affectedSOPInstanceUID = request.affectedSOPInstanceUID
    }

    /// Reads one; nil when the bytes are none, or it has no Command Field.
    init?(_ bytes: [UInt8]) {
        var hasCommandField = false
        var place = 0
        func number(_ start: Int, _ count: Int) -> Int {
            (0..<count).reduce(0) { $0 | Int(bytes[start + $1]) << (8 * $1) }
        }
        while place < bytes.count {
            guard bytes.count - place >= 8, number(place, 2) == 0x0000 else { return nil }
            let element = number(place + 2, 2)
            let length = number(place + 4, 4)
            place += 8
            guard length <= bytes.count - place else { return nil }
            let value = place..<place + length
            let short = length == 2 ? UInt16(number(place, 2)) : 0
            place += length
            switch element {
            case 0x0002: affectedSOPClassUID = Self.uid(bytes[value])
            case 0x0100:
                commandField = short
                hasCommandField = length == 2
            case 0x0110: messageID = short
            case 0x0120: messageIDBeingRespondedTo = short
            case 0x0800: dataSetType = short
            case 0x0900: status = short
            case 0x0902: errorComment = asciiText(bytes[value])
            case 0x1000: affectedSOPInstanceUID = Self.uid(bytes[value])
            default: break
            }
        }
        guard hasCommandField else { return nil }
    }

    /// A response's bytes, with the group's length before them.
    var encoded: [UInt8] {
        var elements: [UInt8] = []
        func append(_ element: UInt16, _ value: [UInt8], to target: inout [UInt8]) {
            target += [0, 0, UInt8(truncatingIfNeeded: element), UInt8(element >> 8)]
            target += Self.little(UInt32(value.count)) + value
        }
        func text(_ element: UInt16, _ value: String, padding: UInt8) {
            if value.isEmpty { return }
            let bytes = Array(value.utf8)
            append(element, bytes + (bytes.count % 2 == 1 ? [padding] : []), to: &elements)
        }
        func number(_ element: UInt16, _ value: UInt16) {
            append(element, [UInt8(truncatingIfNeeded: value), UInt8(value >> 8)], to: &elements)
        }
        text(0x0002, affectedSOPClassUID, padding: 0)
        number(0x0100, commandField)
        number(0x0120, messageIDBeingRespondedTo)
        number(0x0800, dataSetType)
        number(0x0900, status)
        text(0x0902, errorComment, padding: 0x20)
        text(0x1000, affectedSOPInstanceUID, padding: 0)
        var group: [UInt8] = []
        append(0x0000, Self.little(UInt32(elements.count)), to: &group)
        return group + elements
    }

    private static func uid(_ value: ArraySlice<UInt8>) -> String { asciiText(value.prefix { $0 != 0 && $0 != 0x20 }) }

    private static func little(_ value: UInt32) -> [UInt8] {
        (0..<4).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
    }
}
