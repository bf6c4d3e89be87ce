import Dataflow
import OperatorTesting
import Records
import RoadNetwork
import Sources
import TrafficUpdates
import Transforms

extension SegmentTraversal {
    /// What the profile is keyed by.
    fileprivate var segmentBin: SegmentBin {
        SegmentBin(segment: segment, bin: WeekClock().bin(of: leftAt))
    }
}

/// What the profile of the week keeps of a segment and bin: its operator as a worker runs it.
struct ProfileMemory {
    /// How often keys are passed.
    struct Traffic {
        var name: String
        /// One week behind the other.
        var weeks: Int
        /// Vehicles a week, each another one.
        var vehicles: Int

        /// How many keys are kept: the fewer, the longer each takes.
        var keys: Int { max(40_000, 400_000 / (weeks * vehicles) / 2_000 * 2_000) }
    }

    /// From what most bins of a country see to the most that is ever kept.
    static let traffic = [
        Traffic(name: "one", weeks: 1, vehicles: 1), Traffic(name: "three", weeks: 1, vehicles: 3),
        Traffic(name: "weekly", weeks: 3, vehicles: 3),
        Traffic(name: "most", weeks: 9, vehicles: 30),
    ]

    /// Bytes a key as a checkpoint of everything has them.
    private(set) var checkpoint = 0.0
    /// Bytes a key that a worker holds.
    private(set) var memory = 0.0
    /// Lives as long as the figures, so that the next measurement doesn't find its memory free.
    private let task: LoneTask

    /// Keeps many keys, week by week.
    init(_ traffic: Traffic) throws {
        let keys = traffic.keys
        let output = CollectSink<ProfileUpdate>()
        let refused = CollectSink<DeadLetter>()
        let builder = GraphBuilder(pipeline: "profile")
        let source = builder.source(
            "passages", from: PushSource<SegmentTraversal>(dividedBy: \SegmentTraversal.segmentBin))
        source.rejected.sink("refused", to: refused)
        source.accepted
            .assignTimestamps("event-time", .boundedOutOfOrder(.seconds(10)), \.leftAt)
            .keyBy("by-bin", \.segmentBin)
            .process(
                "profile",
                ProcessOptions(timeToLive: .seconds(15 * 86_400), maximumHold: .zero)
            ) {
                ProfileTraffic(
                    decay: 0.85, minimumVehicles: 3, lateness: 120_000, week: WeekClock())
            }
            .sink("out", to: output)
        task = try LoneTask("profile", builder)
        let before = EngineBenchmarks.residentMegabytes()
        for week in 0..<traffic.weeks {
            for start in stride(from: 0, to: keys, by: 1_000) {
                let passages = (start..<(start + 1_000)).flatMap { key in
                    (0..<traffic.vehicles).map {
                        ProfileMemory.passage(key, vehicle: $0, week: week)
                    }
                }
                let push = PushSource<SegmentTraversal>.Push(
                    records: passages.map { ($0, $0.leftAt) })
                task.take(push)
                _ = output.collected.take()
            }
        }
        let resident = EngineBenchmarks.residentMegabytes() - before
        memory = resident * 1_048_576 / Double(keys)
        checkpoint = try task.checkpointBytes() / Double(keys)
    }

    /// All of a week lies in one bin of each segment.
    private static func passage(_ key: Int, vehicle: Int, week: Int) -> SegmentTraversal {
        let left = EventTime(milliseconds: 1_760_000_000_000 + Int64(week) * 7 * 86_400_000)
        let seconds = 5_000 + Int64((key * 31 + vehicle * 7) % 17_000)
        return SegmentTraversal(
            vehicle: 0,
            visitor: SeededGenerator.mix(UInt64(key * 100_003 + vehicle * 31 + week * 7_919)),
            segment: SegmentID(rawValue: UInt64(key)),
            enteredAt: left.advanced(byMilliseconds: -seconds), leftAt: left,
            length: 60 + Double(key % 200), completedAt: left, freeFlowSeconds: 8.123456,
            confidence: 1)
    }
}
