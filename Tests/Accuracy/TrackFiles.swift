import Fleet
import Foundation
import Geo
import Records
import RoadNetwork

/// The same routes for another matcher: a file of JSON objects, one route a line, for each way of driving, sampling and
/// noise.
///
/// `truth` lists `[way, 1 along its points or 0 against them, metres]`, `points` `[latitude, longitude, seconds]`.
struct TrackFiles {
    /// The samplings in seconds and the noises in metres for which there is a file.
    static let cells = [(1.0, 5.0), (1, 10), (5, 5), (5, 10)]

    let directory: String

    /// What was measured, so that the other matcher's figures can be judged beside it.
    func write(_ cells: [Accuracy.Cell]) throws {
        let lines = cells.map { "{\"cell\":\"\($0.name)\",\"percent\":\($0.percent)}\n" }
        try lines.joined().write(
            toFile: "\(directory)/errors.jsonl", atomically: true, encoding: .utf8)
    }

    func write(_ sampled: SampledRoutes, isCut: Bool, seed: UInt64) throws {
        try FileManager.default.createDirectory(
            atPath: directory, withIntermediateDirectories: true)
        for driving in SampledRoutes.Driving.allCases {
            for (sampling, noise) in TrackFiles.cells {
                let tracks = sampled.tracks(
                    sampling: sampling, noise: noise, driving: driving, isCut: isCut,
                    seed: seed)
                let name = "\(driving.rawValue)-\(Int(sampling))-\(Int(noise)).jsonl"
                try text(tracks, sampled.graph).write(
                    toFile: "\(directory)/\(name)", atomically: true, encoding: .utf8)
            }
        }
    }

    private func text(_ tracks: [SampledRoutes.Track], _ graph: RoadGraph) -> String {
        var text = ""
        for track in tracks {
            let truth = track.segments.enumerated().map { place, index in
                let isForward = !graph.segments[index].isReversed
                let segment = graph.segment(index)
                let from = place == 0 ? track.firstOffset : 0
                let isLast = place == track.segments.count - 1
                let length = (isLast ? track.lastOffset : segment.length) - from
                return "[\(segment.way),\(isForward ? 1 : 0),\(length)]"
            }
            let points = track.samples.map { sample in
                "[\(sample.coordinate.latitude),\(sample.coordinate.longitude),\(Double(sample.time.milliseconds) / 1_000)]"
            }
            text +=
                "{\"truth\":[\(truth.joined(separator: ","))],\"points\":[\(points.joined(separator: ","))]}\n"
        }
        return text
    }
}
