import Records
import Testing

@testable import MapMatching

/// Where a drive ends, by all positions near the end.
@Suite("The estimate of an end")
struct EndEstimateTests {
    /// The mean error of the last place, in standard deviations of a position, as seen and as estimated.
    private func errors(
        sampling: Double, drives: Int = 300, pace: (inout SeededGenerator) -> Double,
        changes: Bool = false
    ) -> (seen: Double, estimated: Double) {
        var random = SeededGenerator(seed: 4)
        func normal() -> Double { (0..<12).reduce(-6.0) { sum, _ in sum + random.unit() } }
        let deviation = 0.4
        var (seen, estimated) = (0.0, 0.0)
        for _ in 0..<drives {
            var share = pace(&random)
            var (place, noise) = (0.0, 0.0)
            let sightings = (0..<Lattice.sightingLimit).map { index in
                if index > 0 {
                    if changes { share = pace(&random) }
                    place += share * sampling
                }
                noise = normal() * deviation
                return EndEstimate.Sighting(free: place + noise, time: sampling * Double(index))
            }
            let correction = EndEstimate.correction(sightings, deviation: deviation)
            seen += abs(noise)
            estimated += abs(noise + correction.free)
        }
        let scale = deviation * Double(drives)
        return (seen / scale, estimated / scale)
    }

    @Test("the end of a steady drive is known better than a position", arguments: [1.0, 5, 15])
    func steady(sampling: Double) {
        let errors = errors(sampling: sampling) { 0.6 + 0.5 * $0.unit() }
        #expect(errors.estimated < 0.8 * errors.seen)
    }

    @Test("a rough drive ends where it was last seen", arguments: [5.0, 15])
    func rough(sampling: Double) {
        let errors = errors(sampling: sampling, pace: { 0.2 + $0.unit() }, changes: true)
        #expect(errors.estimated < 1.06 * errors.seen)
    }

    @Test("a few positions, or some at one moment, tell no more than the last")
    func degenerate() {
        typealias Sighting = EndEstimate.Sighting
        #expect(EndEstimate.correction([], deviation: 1) == (0, 1))
        let two = [Sighting(free: 0, time: 0), Sighting(free: 9, time: 5)]
        #expect(EndEstimate.correction(two, deviation: 1) == (0, 1))
        let once = [Sighting](repeating: Sighting(free: 3, time: 2), count: 6)
        let correction = EndEstimate.correction(once, deviation: 1)
        #expect(correction.free == 0 && correction.deviation > 0 && correction.deviation < 1)
        let still = (0..<8).map { Sighting(free: 0, time: 30 * Double($0)) }
        #expect(abs(EndEstimate.correction(still, deviation: 0.5).free) < 0.5)
    }
}
