extension ElementScanner {
    /// Ends the data set; gives its length.
    mutating func finish<Sink: DataSetSink & ~Copyable>(into sink: inout Sink) throws -> UInt64 {
        try withUnsafeBytes(of: UInt8(0)) { nothing in
            guard let start = nothing.baseAddress else { return }
            var cursor = Cursor(start: start, count: 0)
            try finish(&cursor, &sink)
        }
        return base
    }

    mutating func finish<Sink: DataSetSink & ~Copyable>(_ cursor: inout Cursor, _ sink: inout Sink) throws {
        if destination == .held {
            // Whatever of an element has arrived after the pixel data is the trailer.
            guard state == .value || pendingCount > 0 || !levels.isEmpty else { return }
            try beginTrailer(&cursor, &sink)
        }
        switch state {
        case .trailer:
            try endBulk(&cursor, &sink)
        case .value where destination == .bulk && lastTag != nil:
            // A long element after the pixel data that the end cuts off: kept as it is.
            try endBulk(&cursor, &sink)
        case .fragmentHeader where pendingCount == 0:
            // Every fragment is whole and only the delimiter is missing: the end of the data is the end of the value.
            try endBulk(&cursor, &sink)
        case .value, .fragment:
            throw DICOMError(
                .truncated,
                "The data set ends at byte \(base) within \(current.tag), which declares \(current.length) bytes: only"
                    + " \(UInt64(current.length) - remaining) are present")
        case .search:
            throw DICOMError(
                .malformed,
                "The fragments of \(bulkElements.last?.tag ?? current.tag) are broken and no sequence delimiter follows up"
                    + " to the end at byte"
                    + " \(base)")
        case .start, .elementHeader, .fragmentHeader:
            if pendingCount > 0 {
                throw DICOMError(
                    .truncated,
                    "The data set ends at byte \(base) within an element header after \(current.tag): only"
                        + " \(pendingCount) bytes of at least 8 are present")
            }
            if let level = levels.last {
                throw DICOMError(
                    .truncated,
                    "The data set ends at byte \(base) within the sequence \(level.tag) of undefined length: its"
                        + " delimiter is missing")
            }
        }
    }
}
