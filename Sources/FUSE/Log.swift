import CFUSE
import Glibc
import Synchronization

/// What libfuse has to say: kept for the next error, not written anywhere.
enum Log {
    private static let last = Mutex<String?>(nil)

    /// Takes libfuse's messages from now on; process-wide.
    static func install() {
        fuse_set_log_func(receiveLog)
        _ = takeLast()
    }

    /// The last message, once.
    static func takeLast() -> String? {
        last.withLock { last in
            defer { last = nil }
            return last
        }
    }

    fileprivate static func receive(_ message: String) { last.withLock { $0 = message } }
}

private func receiveLog(_: fuse_log_level, _ format: UnsafePointer<CChar>?, _ arguments: CVaListPointer?) {
    guard let format, let arguments else { return }
    var buffer = [CChar](repeating: 0, count: 512)
    vsnprintf(&buffer, buffer.count, format, arguments)
    let text = buffer.withUnsafeBufferPointer { $0.baseAddress.map { String(cString: $0) } ?? "" }
    Log.receive(String(text.split(separator: "\n").joined(separator: " ")))
}
