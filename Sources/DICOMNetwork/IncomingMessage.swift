/// The values that have come of a message whose command is not complete (PS3.7 6.3.1, PS3.8 annex E.2).
struct IncomingMessage {
    /// The most bytes of a command set: an honest one has some hundreds.
    private static let longestCommand = 64 << 10

    /// The context of a data set before it that nobody wants; nil when there is none.
    var dropped: UInt8?
    private var command: [UInt8] = []
    private var context: UInt8?

    /// Takes the next value.
    ///
    /// - Returns: the message when its command is complete.
    mutating func add(
        _ value: Association.PDV, _ contexts: [UInt8: PresentationContext]
    ) throws(AssociationEnd) -> Association.Message? {
        if let dropped {
            guard !value.isCommand else { throw .protocolError("a command in the middle of a data set") }
            guard value.context == dropped else { throw .protocolError("a data set on another presentation context") }
            if value.isLast { self.dropped = nil }
            return nil
        }
        guard value.isCommand else { throw .protocolError("a data set without a command") }
        guard let accepted = contexts[value.context] else {
            throw .protocolError("a command on a presentation context that was not accepted", .invalidParameter)
        }
        guard context ?? value.context == value.context else {
            throw .protocolError("a command on two presentation contexts")
        }
        context = value.context
        guard command.count + value.bytes.count <= Self.longestCommand else {
            throw .protocolError("a command set of more than \(Self.longestCommand) bytes")
        }
        command.append(contentsOf: value.bytes)
        guard value.isLast else { return nil }
        guard let complete = CommandSet(command) else { throw .protocolError("a command set that cannot be read") }
        self = IncomingMessage()
        return Association.Message(command: complete, context: accepted)
    }
}
