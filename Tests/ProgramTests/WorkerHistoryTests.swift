import Testing

@testable import dicomfs

/// When a supervisor starts another worker, and when it gives up.
struct WorkerHistoryTests {
    private let begin = ContinuousClock.now

    @Test func `five faults in a row are the end, with longer pauses between them`() {
        var history = WorkerHistory(at: begin)
        let pauses = (1...5).map { history.end(ready: nil, isFault: true, at: begin + .seconds($0)) }
        #expect(
            pauses == [
                .start(afterMilliseconds: 100), .start(afterMilliseconds: 400), .start(afterMilliseconds: 1600),
                .start(afterMilliseconds: 6400), .giveUp,
            ])
    }

    @Test func `after hours of service one failed start is not the end`() {
        var history = WorkerHistory(at: begin)
        let crash = begin + .seconds(7200)
        #expect(history.end(ready: begin, isFault: true, at: crash) == .start(afterMilliseconds: 0))
        #expect(history.end(ready: nil, isFault: true, at: crash + .seconds(1)) == .start(afterMilliseconds: 100))
        #expect(history.end(ready: nil, isFault: false, at: crash + .seconds(2)) == .start(afterMilliseconds: 100))
    }

    @Test func `workers that others end before they are ready are replaced for a minute`() {
        var history = WorkerHistory(at: begin)
        for second in 1..<60 {
            let next = history.end(ready: nil, isFault: false, at: begin + .seconds(second))
            #expect(next == .start(afterMilliseconds: 25))
        }
        #expect(history.end(ready: nil, isFault: false, at: begin + .seconds(60)) == .giveUp)
    }

    @Test func `one that served well makes earlier faults forgotten, one that soon fails does not`() {
        var history = WorkerHistory(at: begin)
        for second in 1...3 {
            _ = history.end(ready: begin + .seconds(second), isFault: true, at: begin + .seconds(second))
        }
        let next = history.end(ready: begin + .seconds(4), isFault: true, at: begin + .seconds(9))
        #expect(next == .start(afterMilliseconds: 6400))
        let well = history.end(ready: begin + .seconds(20), isFault: true, at: begin + .seconds(31))
        #expect(well == .start(afterMilliseconds: 0))
    }
}
