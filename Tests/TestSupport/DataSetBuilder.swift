package import DICOM

/// Data set bytes written element by element.
package struct DataSetBuilder {
    package var encoding = DataSetEncoding.explicitLittleEndian
    package var bytes: [UInt8] = []

    package static let undefined: UInt32 = 0xFFFF_FFFF

    package init(_ encoding: DataSetEncoding = .explicitLittleEndian) {
        self.encoding = encoding
    }

    package mutating func number16(_ value: UInt16) {
        let pair = [UInt8(truncatingIfNeeded: value), UInt8(value >> 8)]
        bytes += encoding.isBigEndian ? pair.reversed() : pair
    }

    package mutating func number32(_ value: UInt32) {
        let four = (0..<4).map { UInt8(truncatingIfNeeded: value >> (8 * UInt32($0))) }
        bytes += encoding.isBigEndian ? four.reversed() : four
    }

    package mutating func tag(_ tag: Tag) {
        number16(tag.group)
        number16(tag.element)
    }

    /// An element header with any length, true or not.
    package mutating func start(_ tag: Tag, _ vr: VR, _ length: UInt32) {
        self.tag(tag)
        if encoding.isExplicit, tag.group != 0xFFFE {
            bytes += vr.description.utf8
            if vr.isLong {
                bytes += [0, 0]
            } else {
                number16(UInt16(truncatingIfNeeded: length))
                return
            }
        }
        number32(length)
    }

    package mutating func element(_ tag: Tag, _ vr: VR, _ value: [UInt8]) {
        start(tag, vr, UInt32(value.count))
        bytes += value
    }

    package mutating func text(_ tag: Tag, _ vr: VR, _ value: String) {
        var value = Array(value.utf8)
        if value.count % 2 == 1 { value.append(vr == .ui ? 0 : 0x20) }
        element(tag, vr, value)
    }

    package mutating func us(_ tag: Tag, _ values: UInt16...) {
        start(tag, .us, UInt32(2 * values.count))
        for value in values { number16(value) }
    }

    package mutating func item(_ length: UInt32 = undefined) { start(Tag(0xFFFE, 0xE000), .un, length) }
    package mutating func endItem() { start(Tag(0xFFFE, 0xE00D), .un, 0) }
    package mutating func endSequence() { start(Tag(0xFFFE, 0xE0DD), .un, 0) }

    /// A small image: identity, shape and native pixels.
    package static func image(_ encoding: DataSetEncoding = .explicitLittleEndian, pixels: Int = 32) -> DataSetBuilder {
        var set = DataSetBuilder(encoding)
        set.text(.sopClassUID, .ui, "1.2.840.10008.5.1.4.1.1.7")
        set.text(.sopInstanceUID, .ui, "1.2.3.4.5")
        set.text(.modality, .cs, "OT")
        set.text(.patientName, .pn, "Doe^Jane")
        set.text(.patientID, .lo, "P1")
        set.text(.studyInstanceUID, .ui, "1.2.3")
        set.text(.seriesInstanceUID, .ui, "1.2.3.4")
        set.us(.rows, 4)
        set.us(.columns, 4)
        set.us(.bitsAllocated, 16)
        set.element(.pixelData, .ow, (0..<pixels).map { UInt8(truncatingIfNeeded: $0) })
        return set
    }
}
