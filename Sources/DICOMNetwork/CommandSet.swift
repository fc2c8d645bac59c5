/// A command set (PS3.7 section 6.3.1 and annex E).
///
/// Elements lie one after another in implicit VR little endian and never nest, so DCMTK's data sets, which follow a hostile
/// peer into any depth and need a dictionary file, are not used. Absent numbers are 0 and absent texts empty.
struct CommandSet {
    /// An element of group 0000 (PS3.7 E.1).
    enum Element: UInt16 {
        case affectedSOPClassUID = 0x0002
        case requestedSOPClassUID = 0x0003
        case commandField = 0x0100
        case messageID = 0x0110
        case messageIDBeingRespondedTo = 0x0120
        case moveDestination = 0x0600
        case priority = 0x0700
        case dataSetType = 0x0800
        case status = 0x0900
        case offendingElement = 0x0901
        case errorComment = 0x0902
        case affectedSOPInstanceUID = 0x1000
        case requestedSOPInstanceUID = 0x1001
        case eventTypeID = 0x1002
        case actionTypeID = 0x1008
        case remainingSuboperations = 0x1020
        case completedSuboperations = 0x1021
        case failedSuboperations = 0x1022
        case warningSuboperations = 0x1023
        case moveOriginatorAETitle = 0x1030
        case moveOriginatorMessageID = 0x1031

        /// Whether a text is padded by spaces, and not by NULs as UIDs are.
        fileprivate var isPaddedBySpaces: Bool {
            switch self {
            case .moveDestination, .errorComment, .moveOriginatorAETitle: true
            default: false
            }
        }
    }

    /// Command Field (0000,0100): which request; a response has the highest bit set.
    enum Field {
        static let store: UInt16 = 0x0001
        static let get: UInt16 = 0x0010
        static let find: UInt16 = 0x0020
        static let move: UInt16 = 0x0021
        static let echo: UInt16 = 0x0030
        static let eventReport: UInt16 = 0x0100
        static let action: UInt16 = 0x0130
        static let cancel: UInt16 = 0x0FFF
        static let response: UInt16 = 0x8000
    }

    /// Command Data Set Type (0000,0800) of a message without a data set, and of one with.
    private static let noDataSet: UInt16 = 0x0101
    private static let someDataSet: UInt16 = 0x0001

    private var values: [UInt16: [UInt8]] = [:]

    /// A request.
    init(_ field: UInt16, messageID: UInt16, sopClassUID: String, hasDataSet: Bool) {
        self[.commandField] = field
        self[.messageID] = messageID
        self[text: .affectedSOPClassUID] = sopClassUID
        self.hasDataSet = hasDataSet
    }

    /// A response to a request.
    init(responseTo request: CommandSet, status: DIMSEStatus, errorComment: String = "") {
        let isNormalized = request.field == Field.action
        self[text: .affectedSOPClassUID] = request[text: isNormalized ? .requestedSOPClassUID : .affectedSOPClassUID]
        self[.commandField] = request.field | Field.response
        self[.messageIDBeingRespondedTo] = request[.messageID]
        hasDataSet = false
        self[.status] = status.rawValue
        // LO: 64 characters, no backslash.
        self[text: .errorComment] = asciiText(errorComment.utf8.prefix(64).map { $0 == 0x5C ? UInt8(ascii: "?") : $0 })
        self[text: .affectedSOPInstanceUID] =
            request[text: isNormalized ? .requestedSOPInstanceUID : .affectedSOPInstanceUID]
        if isNormalized { self[.actionTypeID] = request[.actionTypeID] }
        if request.field == Field.eventReport { self[.eventTypeID] = request[.eventTypeID] }
    }

    /// C-CANCEL of a request (PS3.7 9.3.2.3).
    init(cancelling request: CommandSet) {
        self[.commandField] = Field.cancel
        self[.messageIDBeingRespondedTo] = request[.messageID]
        hasDataSet = false
    }

    /// Reads one; nil when the bytes are none, or it has no Command Field.
    init?(_ bytes: [UInt8]) {
        var place = 0
        func number(_ start: Int, _ count: Int) -> Int {
            (0..<count).reduce(0) { $0 | Int(bytes[start + $1]) << (8 * $1) }
        }
        while place < bytes.count {
            guard bytes.count - place >= 8, number(place, 2) == 0x0000 else { return nil }
            let element = UInt16(number(place + 2, 2))
            let length = number(place + 4, 4)
            place += 8
            guard length <= bytes.count - place else { return nil }
            if Element(rawValue: element) != nil { values[element] = Array(bytes[place..<place + length]) }
            place += length
        }
        guard values[Element.commandField.rawValue]?.count == 2 else { return nil }
    }

    var field: UInt16 { self[.commandField] }

    var hasDataSet: Bool {
        get { self[.dataSetType] != Self.noDataSet }
        set { self[.dataSetType] = newValue ? Self.someDataSet : Self.noDataSet }
    }

    var status: DIMSEStatus { DIMSEStatus(rawValue: self[.status]) }

    /// A number.
    subscript(_ element: Element) -> UInt16 {
        get {
            guard let value = values[element.rawValue], value.count == 2 else { return 0 }
            return UInt16(value[0]) | UInt16(value[1]) << 8
        }
        set { values[element.rawValue] = [UInt8(truncatingIfNeeded: newValue), UInt8(newValue >> 8)] }
    }

    /// Whether the element is there.
    func contains(_ element: Element) -> Bool { values[element.rawValue] != nil }

    /// A text, without padding; an empty one is absent.
    subscript(text element: Element) -> String {
        get {
            guard let value = values[element.rawValue] else { return "" }
            guard element.isPaddedBySpaces else { return asciiText(value.prefix { $0 != 0 && $0 != 0x20 }) }
            return String(asciiText(value).drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
        }
        set {
            let bytes = Array(newValue.utf8)
            let padding: [UInt8] = bytes.count % 2 == 0 ? [] : [element.isPaddedBySpaces ? 0x20 : 0]
            values[element.rawValue] = bytes.isEmpty ? nil : bytes + padding
        }
    }

    /// Writes Offending Element (0000,0901): tags, each with its group in the upper 16 bits.
    mutating func putOffendingElements(_ tags: [UInt32]) {
        guard !tags.isEmpty else { return }
        // Each of the two numbers of an AT by itself is in little endian.
        values[Element.offendingElement.rawValue] = tags.flatMap { Self.little($0 >> 16 | $0 << 16) }
    }

    /// Its bytes, with the group's length before them.
    var encoded: [UInt8] {
        var elements: [UInt8] = []
        for (element, value) in values.sorted(by: { $0.key < $1.key }) { elements += Self.element(element, value) }
        return Self.element(0x0000, Self.little(UInt32(elements.count))) + elements
    }

    private static func element(_ element: UInt16, _ value: [UInt8]) -> [UInt8] {
        [0, 0, UInt8(truncatingIfNeeded: element), UInt8(element >> 8)] + little(UInt32(value.count)) + value
    }

    private static func little(_ value: UInt32) -> [UInt8] {
        (0..<4).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
    }
}
