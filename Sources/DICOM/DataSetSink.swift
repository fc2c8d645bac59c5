/// What receives the parts of a data set while it is scanned.
///
/// Called on the thread that feeds the scanner. Header bytes and bulk bytes together, in the order of the calls, are the
/// data set. Spans are borrowed for the call, of any length but zero; how bytes are divided among calls means nothing.
/// What it throws ends the scan.
package protocol DataSetSink: ~Copyable {
    /// Bytes of the header. Never called between `beginBulk` and `endBulk`.
    mutating func header(_ bytes: RawSpan) throws
    /// A bulk value starts; its `valueLength` is not known yet.
    mutating func beginBulk(_ element: BulkElement) throws
    /// Bytes of the bulk value.
    mutating func bulk(_ bytes: RawSpan) throws
    /// The bulk value has ended, perhaps without a byte.
    mutating func endBulk() throws
    /// The whole header of a deflated data set, inflated; called once, at the end. It is no part of the bytes.
    mutating func derivedHeader(_ bytes: RawSpan) throws
}
