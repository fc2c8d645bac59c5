import Foundation
import FuzzTargets

// What libFuzzer's own main calls (llvm.org/docs/LibFuzzer.html).

nonisolated(unsafe) private var target: (any FuzzTarget)?

/// Makes the target that DICOMFS_FUZZ_TARGET names. With DICOMFS_FUZZ_SEEDS its seeds are written to that folder instead, and
/// the process ends.
@c(LLVMFuzzerInitialize)
func initialize(
    _ count: UnsafeMutablePointer<Int32>, _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>
) -> Int32 {
    let environment = ProcessInfo.processInfo.environment
    guard let name = environment["DICOMFS_FUZZ_TARGET"], let chosen = FuzzTargets.all[name] else {
        fatalError("DICOMFS_FUZZ_TARGET is none of \(FuzzTargets.all.keys.sorted().joined(separator: ", "))")
    }
    do {
        guard let folder = environment["DICOMFS_FUZZ_SEEDS"] else {
            target = try chosen.init()
            // Its folder goes with it.
            atexit { target = nil }
            return 0
        }
        for (number, seed) in chosen.seeds.enumerated() {
            try Data(seed).write(to: URL(fileURLWithPath: "\(folder)/seed-\(number)"))
        }
    } catch {
        fatalError("\(error)")
    }
    exit(0)
}

/// Ends the process where something does not hold: libFuzzer then keeps the input.
@c(LLVMFuzzerTestOneInput)
func take(_ bytes: UnsafePointer<UInt8>?, _ length: Int) -> Int32 {
    let input = Array(UnsafeBufferPointer(start: bytes, count: length))
    do {
        guard let problems = try target?.problems(with: input), !problems.isEmpty else { return 0 }
        fatalError(problems.joined(separator: "\n"))
    } catch {
        fatalError("\(error)")
    }
}
