import ContentStore
import Synchronization
import TestSupport
import Testing
import Threads

@Suite struct BoundedCacheTests {
    /// Makes values and counts how often.
    private final class Source: Sendable {
        let made = Mutex<[Int]>([])

        func make(_ key: Int) -> Int {
            made.withLock { $0.append(key) }
            return key
        }
    }

    private let source = Source()

    private func get(_ cache: BoundedCache<Int, Int>, _ key: Int) throws -> Int? {
        try cache.value(key) { source.make(key) }
    }

    private func makings() -> [Int] { source.made.withLock { $0 } }

    @Test func `a value is made once`() throws {
        let cache = BoundedCache<Int, Int>(capacity: 10) { _ in 1 }
        for _ in 0..<5 { #expect(try get(cache, 7) == 7) }
        #expect(makings() == [7])
    }

    @Test func `what is kept never costs more than the capacity, and what was used last stays`() throws {
        let cache = BoundedCache<Int, Int>(capacity: 10) { _ in 1 }
        for key in 0..<10 { _ = try get(cache, key) }
        _ = try get(cache, 0)
        _ = try get(cache, 10)
        let before = makings().count
        _ = try get(cache, 0)
        _ = try get(cache, 10)
        #expect(makings().count == before)
        // Of the eleven, at most ten are kept: asking the cheap way around finds the others gone.
        for key in stride(from: 9, through: 1, by: -1) { _ = try get(cache, key) }
        #expect(makings().count > before)
    }

    @Test func `a value dearer than the capacity is given but not kept`() throws {
        let cache = BoundedCache<Int, Int>(capacity: 10) { $0 }
        for _ in 0..<3 { #expect(try get(cache, 11) == 11) }
        #expect(makings() == [11, 11, 11])
    }

    @Test func `a dear value that fits stays, and the others go`() throws {
        let cache = BoundedCache<Int, Int>(capacity: 10) { $0 }
        _ = try get(cache, 3)
        _ = try get(cache, 9)
        _ = try get(cache, 9)
        #expect(makings() == [3, 9])
        _ = try get(cache, 3)
        #expect(makings() == [3, 9, 3])
    }

    @Test func `nil and errors are not kept`() throws {
        let cache = BoundedCache<Int, Int>(capacity: 10) { _ in 1 }
        #expect(try cache.value(1) { nil } == nil)
        #expect(throws: Failure.self) { try cache.value(1) { throw Failure() } }
        #expect(try get(cache, 1) == 1)
    }

    @Test func `threads that want one value at one time share one making`() throws {
        let cache = BoundedCache<Int, Int>(capacity: 10) { _ in 1 }
        let begun = Gate()
        let goOn = Gate()
        let ended = (0..<4).map { _ in Gate() }
        let results = Mutex<[Int?]>([])
        for gate in ended {
            Thread.start {
                let value = try? cache.value(1) {
                    begun.open()
                    goOn.wait()
                    return self.source.make(1)
                }
                results.withLock { $0.append(value ?? nil) }
                gate.open()
            }
        }
        begun.wait()
        goOn.open()
        for gate in ended { gate.wait() }
        #expect(results.withLock { $0 } == [1, 1, 1, 1])
        #expect(makings() == [1])
    }

    @Test func `a removed value is made anew`() throws {
        let cache = BoundedCache<Int, Int>(capacity: 10) { _ in 1 }
        for key in 0..<6 { _ = try get(cache, key) }
        cache.remove(0)
        cache.removeAll { $0 >= 4 }
        for key in 0..<6 { _ = try get(cache, key) }
        #expect(makings() == [0, 1, 2, 3, 4, 5, 0, 4, 5])
    }

    @Test(arguments: [true, false])
    func `a value that is removed while it is made is given, but not kept`(byPredicate: Bool) throws {
        let cache = BoundedCache<Int, Int>(capacity: 10) { _ in 1 }
        let value = try cache.value(1) {
            if byPredicate { cache.removeAll { $0 == 1 } } else { cache.remove(1) }
            return 100
        }
        #expect(value == 100)
        #expect(try get(cache, 1) == 1)
    }

    private struct Failure: Error {}
}
