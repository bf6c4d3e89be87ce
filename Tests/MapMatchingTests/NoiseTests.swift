import Fleet
import Records
import RoadNetwork
import Testing

@testable import MapMatching

/// What a matcher learns of a user's noise.
@Suite("A user's own noise")
struct NoiseTests {
    /// What so many decided steps tell of a deviation, beside the expected one.
    private func learnt(_ steps: Int, _ sigma: Double, _ settings: MatcherSettings = .init())
        -> Float
    {
        var random = SeededGenerator(seed: 3)
        var noise = Lattice.Noise()
        for _ in 0..<steps {
            // A sum of twelve even numbers is as good as normal.
            let normal = (0..<12).reduce(-6.0) { sum, _ in sum + random.unit() }
            noise.add(Float(abs(normal) * sigma))
        }
        return noise.ratio(settings) * Float(settings.sigma)
    }

    @Test("nothing is known at first, then the steps tell, within bounds")
    func deviation() {
        let settings = MatcherSettings()
        #expect(learnt(0, 15) == 8)
        #expect(abs(learnt(200, 15) - 13.8) < 2.5)
        #expect(learnt(3, 15) < learnt(200, 15))
        #expect(learnt(200, 2) == 8)
        #expect(learnt(200, 90) == Float(settings.mostSigma))
        var fixed = settings
        fixed.sigmaWeight = 0
        #expect(learnt(200, 15, fixed) == 8)
    }

    @Test("a noise that is none is refused in bytes from outside")
    func codec() throws {
        var lattice = Lattice()
        lattice.noise.add(12)
        #expect(try Lattice(decoding: lattice.encoded).noise == lattice.noise)
        for bad in [Float.nan, -1, .infinity] {
            lattice.noise.squares = bad
            #expect(throws: CodecError.self) { try Lattice(decoding: lattice.encoded) }
        }
    }

    @Test("who stands teaches nothing, at the kerb neither", arguments: [(3.0, 0.09), (8, 0)])
    func standing(noise: Double, row: Double) throws {
        let graph = try MatchingTown.make()
        var matcher = MapMatcher(graph: graph)
        var (lattice, output) = (Lattice(), MatchOutput())
        var random = SeededGenerator(seed: 2)
        func normal() -> Double { (0..<12).reduce(-6.0) { sum, _ in sum + random.unit() } * noise }
        for index in 0..<120 {
            let column = min(1.5, 0.2 + Double(index) * 0.25)
            let place = MatchingTown.place(
                column + normal() / 200, (column < 1.5 ? 0 : row) + normal() / 200)
            matcher.advance(
                &lattice,
                with: Observation(
                    time: EventTime(milliseconds: Int64(index) * 5_000), coordinate: place,
                    sequence: UInt64(index)),
                into: &output)
        }
        #expect(lattice.noise.count > 3)
        #expect(lattice.noise.ratio(matcher.settings) < 1.15)
    }

    @Test(
        "routes seen with 20 m of noise are found better by a sixth at least than by a matcher that expects 8 m of all"
    )
    func noisyRoutes() throws {
        let graph = try SyntheticCity.make(seed: 1)
        let tracks = SampledRoutes(graph: graph, count: 40).tracks(sampling: 5, noise: 20)
        func error(_ settings: MatcherSettings) -> Double {
            var matcher = MapMatcher(graph: graph, settings: settings)
            var (wrong, total) = (0.0, 0.0)
            for track in tracks {
                var (lattice, output) = (Lattice(), MatchOutput())
                for sample in track.samples {
                    matcher.advance(
                        &lattice,
                        with: Observation(time: sample.time, coordinate: sample.coordinate),
                        into: &output)
                }
                matcher.flush(&lattice, into: &output)
                var balance: [Int: Double] = [:]
                for segment in track.segments {
                    balance[segment, default: 0] += graph.length(segment)
                    total += graph.length(segment)
                }
                for passage in output.traversals {
                    balance[passage.segment, default: 0] -= passage.length
                }
                wrong += balance.values.map(abs).sorted().reduce(0, +)
            }
            return wrong / total
        }
        var fixed = MatcherSettings()
        fixed.sigmaWeight = 0
        #expect(error(MatcherSettings()) < 0.85 * error(fixed))
    }
}
