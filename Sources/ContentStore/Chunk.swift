/// A chunk's bytes in memory, kept there as long as anyone refers to them. Immutable, so usable from any thread.
package final class Chunk: @unchecked Sendable {
    private let owner: AnyObject
    private let start: UnsafeRawBufferPointer

    /// - Parameters:
    ///   - start: the bytes, valid and unchanged as long as `owner` lives.
    ///   - owner: what keeps them.
    package init(_ start: UnsafeRawBufferPointer, owner: AnyObject) {
        self.start = start
        self.owner = owner
    }

    /// How many bytes.
    package var count: Int { start.count }

    /// The bytes, for an owner that keeps the chunk as long as it uses them.
    package var unsafeBytes: UnsafeRawBufferPointer { start }

    /// The bytes.
    package var bytes: RawSpan {
        @_lifetime(borrow self)
        get { _overrideLifetime(start.bytes, borrowing: self) }
    }
}
