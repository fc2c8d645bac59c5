/// The items of a sequence, each read when it is asked for.
package struct SequenceItems: RandomAccessCollection, Sendable {
    private let ranges: [Range<Int>]
    private let header: DataSetHeader
    private let encoding: DataSetEncoding

    init(ranges: [Range<Int>], header: DataSetHeader, _ encoding: DataSetEncoding) {
        self.ranges = ranges
        self.header = header
        self.encoding = encoding
    }

    package var startIndex: Int { 0 }
    package var endIndex: Int { ranges.count }

    /// The item at this place, counted from 0.
    package subscript(position: Int) -> DataSetHeader {
        DataSetHeader(header.bytes, ranges[position], encoding, [], inherited: header.characterSet)
    }
}
