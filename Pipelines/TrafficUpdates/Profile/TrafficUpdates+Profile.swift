internal import Dataflow
internal import Records
internal import Sinks
internal import State
internal import Transforms

extension TrafficUpdates {
    /// Keeps `traffic_profile` beside the live table, of the same passages.
    func profile<F: Flow>(
        _ traversals: Stream<F>, _ p: Parameters, lateness: Duration
    ) where F.Out == SegmentTraversal {
        traversals
            .map("as-visitor") { $0.asVisitor }
            .keyBy("by-bin") { SegmentBin(segment: $0.segment, bin: WeekBin($0.leftAt)) }
            .process(
                "profile",
                ProcessOptions(timeToLive: TrafficUpdates.profileMemory, maximumHold: .zero)
            ) {
                ProfileTraffic(
                    decay: p.profileDecay, minimumVehicles: p.minimumVehicles,
                    lateness: lateness.milliseconds)
            }
            .sink("traffic-profile", to: PostgresUpsert(TrafficUpdates.trafficProfile) { $0.row })
    }

    /// How long a bin without passages is remembered: two weeks and a day.
    static let profileMemory = Duration.seconds(15 * 86_400)
}
