import Fleet
import Foundation
import Geo
import Records
import RoadNetwork

/// The same routes for another matcher: a file of JSON objects, one route a line, for each sampling and noise.
///
/// `truth` lists `[way, 1 along its points or 0 against them, metres]`, `points` `[latitude, longitude, seconds]`.
struct TrackFiles {
    /// The samplings in seconds and the noises in metres for which there is a file.
    static let cells = [(1.0, 5.0), (1, 10), (5, 5), (5, 10)]

    let directory: String

    func write(_ sampled: SampledRoutes) throws {
        try FileManager.default.createDirectory(
            atPath: directory, withIntermediateDirectories: true)
        for (sampling, noise) in TrackFiles.cells {
            var text = ""
            for track in sampled.tracks(sampling: sampling, noise: noise) {
                let truth = track.segments.map { index in
                    let isForward = !sampled.graph.segments[index].isReversed
                    let segment = sampled.graph.segment(index)
                    return "[\(segment.way),\(isForward ? 1 : 0),\(segment.length)]"
                }
                let points = track.samples.map { sample in
                    "[\(sample.coordinate.latitude),\(sample.coordinate.longitude),\(Double(sample.time.milliseconds) / 1_000)]"
                }
                text +=
                    "{\"truth\":[\(truth.joined(separator: ","))],\"points\":[\(points.joined(separator: ","))]}\n"
            }
            let name = "\(directory)/\(Int(sampling))-\(Int(noise)).jsonl"
            try text.write(toFile: name, atomically: true, encoding: .utf8)
        }
    }
}
