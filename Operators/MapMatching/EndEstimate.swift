internal import Foundation

/// Where a drive begins or ends, judged by all positions near that end and not by the last one alone.
///
/// Along its way a drive is taken to go on at one share of free flow that changes as a random walk does: a Kalman
/// filter (1960) of place and share, run towards the end that is sought. How much the share changes is not known; a
/// steady and a rough driver are tried, and each counts by how well it has foretold the positions (multiple models,
/// Magill 1965). So the end of a steady drive is known to half of the noise of a position, and a rough one, for which
/// earlier positions tell nothing, ends where it was last seen.
enum EndEstimate {
    /// A position along the way.
    struct Sighting {
        /// Seconds at free flow from the first one.
        var free: Double
        /// Seconds from the first one.
        var time: Double
    }

    /// The variance by which a driver's share of free flow changes in a second: a steady driver's, a rough one's.
    private static let roughness = [1e-5, 1e-2]
    /// The share of free flow that is expected before anything is seen, and its standard deviation.
    private static let share = (mean: 0.8, deviation: 0.3)

    /// By how many seconds at free flow the last place lies farther on than the last sighting, and the standard deviation
    /// of that place.
    ///
    /// - Parameters:
    ///   - sightings: in their order towards the end that is sought.
    ///   - deviation: the standard deviation of a sighting, in seconds at free flow.
    static func correction(
        _ sightings: [Sighting], deviation: Double
    ) -> (free: Double, deviation: Double) {
        guard sightings.count > 2, let last = sightings.last, deviation > 0 else {
            return (0, deviation)
        }
        let ends = roughness.map { filter(sightings, noise: deviation * deviation, $0) }
        let best = ends.map(\.evidence).max() ?? 0
        var (sum, squares, weights) = (0.0, 0.0, 0.0)
        for end in ends {
            let weight = exp(end.evidence - best)
            let correction = end.place - last.free
            sum += weight * correction
            squares += weight * (end.variance + correction * correction)
            weights += weight
        }
        let mean = sum / weights
        let variance = squares / weights - mean * mean
        guard mean.isFinite, variance.isFinite, variance > 0 else { return (0, deviation) }
        return (mean, variance.squareRoot())
    }

    /// The filtered place of the last sighting with its variance, and the log-likelihood of all.
    private static func filter(
        _ sightings: [Sighting], noise: Double, _ roughness: Double
    ) -> (place: Double, variance: Double, evidence: Double) {
        var (place, pace) = (sightings[0].free, share.mean)
        // The covariance of place and pace.
        var (aa, ab, bb) = (noise, 0.0, share.deviation * share.deviation)
        var evidence = 0.0
        for index in 1..<sightings.count {
            let time = max(0, sightings[index].time - sightings[index - 1].time)
            place += pace * time
            aa += time * (2 * ab + time * bb) + roughness * time * time * time / 3
            ab += time * bb + roughness * time * time / 2
            bb += roughness * time
            let surprise = sightings[index].free - place
            let variance = aa + noise
            evidence -= 0.5 * (surprise * surprise / variance + log(variance))
            let (gainA, gainB) = (aa / variance, ab / variance)
            place += gainA * surprise
            pace += gainB * surprise
            (aa, ab, bb) = (aa - gainA * aa, ab - gainA * ab, bb - gainB * ab)
        }
        return (place, aa, evidence)
    }
}
