internal import Dataflow
internal import Records
internal import Sinks
internal import State
internal import Transforms

extension TrafficUpdates {
    /// Keeps `traffic_profile` beside the live table, of the same passages.
    func profile<F: Flow>(
        _ traversals: Stream<F>, _ p: Parameters, lateness: Duration, week: WeekClock
    ) where F.Out == SegmentTraversal {
        traversals
            .map("as-visitor") { $0.asVisitor }
            .keyBy("by-bin") {
                SegmentBin(segment: $0.segment, bin: week.bin(of: $0.leftAt))
            }
            .process("profile", TrafficUpdates.profileOptions(p, week)) {
                ProfileTraffic(
                    decay: p.profileDecay, minimumVehicles: p.minimumVehicles,
                    lateness: lateness.milliseconds, week: week)
            }
            .sink("traffic-profile", to: PostgresUpsert(TrafficUpdates.trafficProfile) { $0.row })
    }

    /// How the profile's state is bounded: what it has no room for is missing in it, and nothing stops.
    ///
    /// Bins of other clocks are other bins: such state is refused.
    static func profileOptions(_ p: Parameters, _ week: WeekClock) -> ProcessOptions {
        let zone =
            week.timeZone == WeekClock.universal
            ? 0 : UInt32(truncatingIfNeeded: KeyedHash(0, 0).hash(week.timeZone.utf8))
        return ProcessOptions(
            timeToLive: profileMemory, maximumHold: .zero, maximumKeys: p.profileKeys,
            whenFull: .leaveOut, version: 1 &+ zone)
    }

    /// How long a bin without passages is remembered: two weeks and a day.
    static let profileMemory = Duration.seconds(15 * 86_400)
}
