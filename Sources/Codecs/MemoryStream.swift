import COpenJPEG
import Glibc

/// What OpenJPEG takes for the end of a stream, or for an error.
private let failure = OPJ_SIZE_T.max

/// Bytes in memory as a stream of OpenJPEG: to read from, or collected as they are written. Used by one thread, and kept as long
/// as the stream.
final class MemoryStream {
    private let source: UnsafeRawBufferPointer
    private var place = 0
    /// What was written.
    private(set) var written: [UInt8] = []

    /// A stream of these bytes, or one to write to.
    init(_ source: UnsafeRawBufferPointer = UnsafeRawBufferPointer(start: nil, count: 0)) { self.source = source }

    /// The stream, which is not retained; nil without memory.
    func stream(isInput: Bool = true) -> UnsafeMutablePointer<opj_stream_t?>? {
        guard let stream = opj_stream_create(1 << 16, isInput ? 1 : 0) else { return nil }
        opj_stream_set_user_data(stream, Unmanaged.passUnretained(self).toOpaque(), nil)
        if isInput { opj_stream_set_user_data_length(stream, UInt64(source.count)) }
        opj_stream_set_read_function(stream) { buffer, count, data in
            guard let buffer, let data else { return failure }
            return Unmanaged<MemoryStream>.fromOpaque(data).takeUnretainedValue().read(buffer, count)
        }
        opj_stream_set_write_function(stream) { buffer, count, data in
            guard let buffer, let data else { return failure }
            return Unmanaged<MemoryStream>.fromOpaque(data).takeUnretainedValue().write(buffer, count)
        }
        opj_stream_set_skip_function(stream) { count, data in
            guard let data else { return -1 }
            return Unmanaged<MemoryStream>.fromOpaque(data).takeUnretainedValue().skip(count)
        }
        opj_stream_set_seek_function(stream) { place, data in
            guard let data else { return 0 }
            return Unmanaged<MemoryStream>.fromOpaque(data).takeUnretainedValue().seek(place)
        }
        return stream
    }

    private var length: Int { source.isEmpty ? written.count : source.count }

    private func read(_ buffer: UnsafeMutableRawPointer, _ count: Int) -> OPJ_SIZE_T {
        let present = min(count, source.count - place)
        guard present > 0, let base = source.baseAddress else { return failure }
        memcpy(buffer, base + place, present)
        place += present
        return OPJ_SIZE_T(present)
    }

    private func write(_ buffer: UnsafeMutableRawPointer, _ count: Int) -> OPJ_SIZE_T {
        if written.count < place + count { written += [UInt8](repeating: 0, count: place + count - written.count) }
        written.withUnsafeMutableBytes {
            UnsafeMutableRawBufferPointer(rebasing: $0[place...]).copyMemory(
                from: UnsafeRawBufferPointer(start: buffer, count: count))
        }
        place += count
        return OPJ_SIZE_T(count)
    }

    private func skip(_ count: Int64) -> Int64 {
        let goal = Int(clamping: count).addingReportingOverflow(place)
        guard !goal.overflow, goal.partialValue >= 0 else { return -1 }
        // Of a source not beyond its end: what is then read is nothing.
        let reached = source.isEmpty ? goal.partialValue : min(goal.partialValue, source.count)
        defer { place = reached }
        return Int64(reached - place)
    }

    private func seek(_ goal: Int64) -> OPJ_BOOL {
        guard goal >= 0, source.isEmpty || goal <= source.count else { return 0 }
        place = Int(goal)
        return 1
    }
}
