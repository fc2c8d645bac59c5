import FuzzTargets
import TestSupport
import Testing

/// The short form of tools/fuzz, with inputs that are always the same.
@Suite struct FuzzTests {
    @Test(arguments: [("header", 1500), ("archive", 300), ("association", 300), ("control", 300), ("names", 500)])
    func `seeds, broken in many ways, break nothing`(name: String, rounds: Int) throws {
        let chosen = try #require(FuzzTargets.all[name])
        let target = try chosen.init()
        for seed in chosen.seeds { #expect(try target.problems(with: seed) == []) }
        try Fuzz(rounds: rounds, seeds: chosen.seeds).run { input, _ in
            let problems = try target.problems(with: input)
            #expect(problems == [], "\(input.prefix(200))")
        }
    }
}
