/// What a frame looks like, a row at a time: 8-bit grey or RGB, or 16-bit grey in big endian.
package struct Picture {
    /// What its file has.
    package let shape: PNGShape
    /// Writes the bytes of a row, all of them.
    let fill: (_ line: Int, _ row: UnsafeMutableBufferPointer<UInt8>) -> Void

    /// As a PNG whose size is that of its shape: not compressed.
    package func storedPNG() -> [UInt8] { PNGWriter.file(shape, fill: fill) }
}

extension Picture {
    /// The picture of grey samples.
    static func grey(_ samples: Samples, _ description: PixelDescription, _ shape: PNGShape) -> Picture {
        let range = ValueRange(samples, description)
        let transform = GreyTransform(description) { range.of($0) }
        guard samples.isNarrow else { return wide(samples, transform, shape) }
        let table = GreyTable.table(transform, for: samples)
        let words = Row<UInt16>(shape.width)
        return Picture(shape: shape) { line, row in
            table.withGreys { greys in
                if samples.look(up: greys, line: line, row) { return }
                samples.copy(line: line, to: words.elements)
                for column in 0..<row.count { row[column] = greys[Int(words.elements[column])] }
            }
        }
    }

    /// The picture of grey samples of more than 16 bits.
    private static func wide(_ samples: Samples, _ transform: GreyTransform, _ shape: PNGShape) -> Picture {
        let values = Row<Double>(shape.width)
        return Picture(shape: shape) { line, row in
            samples.copy(line: line, to: values.elements)
            for column in 0..<row.count { row[column] = transform.level(of: values.elements[column]) }
        }
    }

    /// The picture of indices into tables of red, green and blue (PS3.3 C.7.9); of entries with 16 bits the upper 8.
    static func palette(_ samples: Samples, _ description: PixelDescription, _ shape: PNGShape) -> Picture {
        let tables = description.palette
        let words = Row<UInt16>(shape.width)
        return Picture(shape: shape) { line, row in
            samples.copy(line: line, to: words.elements)
            for column in 0..<shape.width {
                let number = samples.number(Int(words.elements[column]))
                for (channel, table) in tables.enumerated() {
                    let shift = UInt16(min(16, max(8, table.bitsPerEntry)) - 8)
                    row[column * 3 + channel] = UInt8(
                        truncatingIfNeeded: UInt16(table.entry(for: Double(number))) >> shift)
                }
            }
        }
    }

    /// The stored values as they are: 16 bits, of signed ones in two's complement.
    static func raw(_ samples: Samples, _ shape: PNGShape) -> Picture {
        let words = Row<UInt16>(shape.width)
        return Picture(shape: shape) { line, row in
            samples.copy(line: line, to: words.elements)
            for column in 0..<shape.width {
                let value = UInt16(truncatingIfNeeded: samples.number(Int(words.elements[column])))
                row[2 * column] = UInt8(value >> 8)
                row[2 * column + 1] = UInt8(truncatingIfNeeded: value)
            }
        }
    }
}

/// Room for the numbers of a row.
final class Row<Number: Numeric> {
    let elements: UnsafeMutableBufferPointer<Number>
    init(_ count: Int) {
        elements = .allocate(capacity: count)
        elements.initialize(repeating: 0)
    }
    deinit { elements.deallocate() }
}
