extension DataSetEncoding {
    /// The encoding that the first 8 bytes of a data set show, `expected` when they do not contradict it.
    ///
    /// Explicit VR is told by a VR the standard knows, or any two capitals where explicit VR is expected. The byte order
    /// is the other one only when group, element number and length all read smaller (or equal) that way, the group truly.
    static func shown(by start: UnsafeRawPointer, expected: DataSetEncoding) -> DataSetEncoding {
        let vr = VR(start.load(fromByteOffset: 4, as: UInt8.self), start.load(fromByteOffset: 5, as: UInt8.self))
        var shown = expected
        shown.isExplicit = vr.isKnown || (expected.isExplicit && vr.isWellFormed)
        var other = shown
        other.isBigEndian.toggle()
        let numbers = shown.numbers(start)
        let otherNumbers = other.numbers(start)
        if otherNumbers.group < numbers.group, otherNumbers.element <= numbers.element,
            otherNumbers.length <= numbers.length
        {
            return other
        }
        return shown
    }

    private func numbers(_ start: UnsafeRawPointer) -> (group: UInt16, element: UInt16, length: UInt32) {
        (
            start.load16(0, self), start.load16(2, self),
            isExplicit ? UInt32(start.load16(6, self)) : start.load32(4, self)
        )
    }
}
