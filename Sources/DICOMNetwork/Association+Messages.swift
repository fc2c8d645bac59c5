/// The DIMSE level (PS3.7): messages of a command set and, often, a data set.
///
/// DCMTK's own DIMSE layer gives up on transfer syntaxes it does not know; here the data set's bytes pass through.
extension Association {
    /// A message whose command has arrived. Its data set, if it has one, comes next and must be received.
    struct Message {
        var command: CommandSet
        var context: PresentationContext
    }

    /// Waits for the next command.
    func nextMessage() throws(AssociationEnd) -> Message {
        while true { if let message = try incoming.add(nextValue(), contexts) { return message } }
    }

    /// The next command, when all of it has come. Does not wait.
    func messageAtHand() throws(AssociationEnd) -> Message? {
        while hasValue { if let message = try incoming.add(nextValue(), contexts) { return message } }
        return nil
    }

    /// Drops the data set of a message, if it has one, while the next message is waited for.
    func dropDataSet(of message: Message) { incoming.dropped = message.command.hasDataSet ? message.context.id : nil }

    /// Receives the data set of a message: `body` gets its bytes, borrowed for the call.
    func receiveDataSet(of message: Message, _ body: (RawSpan) -> Void) throws(AssociationEnd) {
        while true {
            let value = try nextValue()
            guard !value.isCommand else { throw .protocolError("a command in the middle of a data set") }
            guard value.context == message.context.id else {
                throw .protocolError("a data set on another presentation context")
            }
            body(value.bytes.bytes)
            if value.isLast { return }
        }
    }

    /// The whole data set of a message, empty without one; nil when it has more bytes than the limit: it is drained.
    func dataSet(of message: Message, limit: Int = longestIdentifier) throws(AssociationEnd) -> [UInt8]? {
        guard message.command.hasDataSet else { return [] }
        var bytes: [UInt8] = []
        var isTooLong = false
        try receiveDataSet(of: message) { more in
            isTooLong = isTooLong || bytes.count + more.byteCount > limit
            if !isTooLong { more.withUnsafeBytes { bytes.append(contentsOf: $0) } }
        }
        return isTooLong ? nil : bytes
    }

    /// The most bytes of the data set of any request but C-STORE: a UID takes 70.
    static let longestIdentifier = 8 << 20

    /// Sends a message.
    func send(_ command: CommandSet, dataSet: [UInt8]? = nil, on context: UInt8) throws(AssociationEnd) {
        try write(command, dataSet: dataSet, on: context)
        try flush()
    }

    /// Writes a message. Not sent before ``flush()``, unless it is much.
    func write(_ command: CommandSet, dataSet: [UInt8]?, on context: UInt8) throws(AssociationEnd) {
        var command = command
        command.hasDataSet = dataSet != nil
        try writeCommand(command, on: context)
        if let dataSet {
            try write(dataSet.span.bytes, isCommand: false, on: context)
            endValue()
        }
    }

    /// Writes a command, without sending it yet.
    func writeCommand(_ command: CommandSet, on context: UInt8) throws(AssociationEnd) {
        let bytes = command.encoded
        try write(bytes.span.bytes, isCommand: true, on: context)
        endValue()
    }
}
