import Dataflow
import Fleet
import Geo
import LocationIngest
import OperatorTesting
import Records
import RoadNetwork
import Sources
import TrafficUpdates
import Transforms

/// What the pipeline keeps of each user that is under way: the matcher's operator as a worker runs it, in the middle
/// of many drives at once.
struct MatchingMemory {
    /// Bytes a user as a checkpoint of everything has them.
    private(set) var checkpoint = 0.0
    /// Bytes a user that a worker holds.
    private(set) var memory = 0.0
    /// Lives as long as the figures, so that the next measurement doesn't find its memory free.
    private let task: LoneTask

    /// Drives the tracks so that all are half-way at one moment, and measures there.
    ///
    /// Half of the users come before what is measured: what the heap has free from before goes to them.
    ///
    /// - Parameter copies: how many users drive each track.
    init(
        _ tracks: [SampledRoutes.Track], on graph: RoadGraph,
        _ parameters: TrafficUpdates.Parameters, copies: Int = 24
    ) throws {
        let halves = [0..<(copies / 2), (copies / 2)..<copies].map {
            MatchingMemory.updates(tracks, copies: $0)
        }
        let output = CollectSink<MatchEvent>()
        let refused = CollectSink<DeadLetter>()
        let builder = GraphBuilder(pipeline: "matching")
        let source = builder.source(
            "locations", from: PushSource<LocationUpdate>(dividedBy: \LocationUpdate.userID))
        source.rejected.sink("refused", to: refused)
        let roads = builder.resource("roads") { graph }
        source.accepted
            .assignTimestamps("event-time", .boundedOutOfOrder(.seconds(10)), \.observedAt)
            .keyBy("by-user", \.userID)
            .process("map-match", with: roads) {
                try MatchLocations(roads: $0, parameters: parameters)
            }
            .sink("out", to: output)
        task = try LoneTask("matching", builder)
        var resident: [Double] = []
        for updates in halves {
            for start in stride(from: 0, to: updates.count, by: 1_024) {
                let records = updates[start..<min(start + 1_024, updates.count)]
                let push = PushSource<LocationUpdate>.Push(
                    records: records.map { ($0, $0.observedAt) })
                task.take(push)
                _ = output.collected.take()
            }
            resident.append(EngineBenchmarks.residentMegabytes() * 1_048_576)
        }
        let users = Double(max(1, tracks.count * copies))
        memory = (resident[1] - resident[0]) / (users / 2)
        checkpoint = try task.checkpointBytes() / users
    }

    /// The first half of each track, in the order of time, so that all end together.
    private static func updates(
        _ tracks: [SampledRoutes.Track], copies: Range<Int>
    ) -> [LocationUpdate] {
        let end: Int64 = 1_760_000_000_000
        var updates: [LocationUpdate] = []
        for (number, track) in tracks.enumerated() {
            let half = track.samples.prefix(track.samples.count / 2)
            guard let last = half.last?.time else { continue }
            for copy in copies {
                for sample in half {
                    updates.append(
                        LocationUpdate(
                            userID: "vehicle-\(number)-\(copy)",
                            latitude: sample.coordinate.latitude,
                            longitude: sample.coordinate.longitude,
                            observedAt: EventTime(
                                milliseconds: end + sample.time.millisecondsSince(last))))
                }
            }
        }
        return updates.sorted {
            ($0.observedAt, $0.userID) < ($1.observedAt, $1.userID)
        }
    }
}
