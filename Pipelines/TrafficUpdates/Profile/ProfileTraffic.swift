public import Records
internal import RoadNetwork
public import Transforms

/// Keeps the speed of each segment in each five-minute bin of the week: what to expect where nobody drives now.
///
/// A bin's row is written once a week, when its five minutes and the lateness are over, and only when enough
/// distinct vehicles have passed in the weeks that are remembered.
public struct ProfileTraffic: ProcessFunction {
    private let decay: Double
    private let minimumVehicles: Int
    private let lateness: Int64

    /// Makes the function.
    ///
    /// - Parameters:
    ///   - decay: what a week counts for in the next.
    ///   - minimumVehicles: how many distinct vehicles a row is made of at least.
    ///   - lateness: milliseconds of event time that a bin is waited for.
    public init(decay: Double, minimumVehicles: Int, lateness: Int64) {
        self.decay = decay
        self.minimumVehicles = minimumVehicles
        self.lateness = lateness
    }

    /// A bin of which nothing is known.
    public mutating func initialState(of key: SegmentBin) -> ProfileState { ProfileState() }

    /// Takes a passage.
    public mutating func process(
        _ input: SegmentTraversal, at time: EventTime, key: SegmentBin, state: inout ProfileState,
        context: inout ProcessContext<ProfileUpdate>
    ) {
        state.add(input, decay: decay)
        context.setTimer(at: end(of: state).advanced(byMilliseconds: lateness))
    }

    /// Publishes what is known once the bin is over.
    public mutating func timer(
        at time: EventTime, key: SegmentBin, state: inout ProfileState,
        context: inout ProcessContext<ProfileUpdate>
    ) {
        guard state.visitors.count >= minimumVehicles else { return }
        let end = end(of: state)
        context.emit(ProfileUpdate(key: key, sum: state.sum, updatedAt: end), at: end)
    }

    private func end(of state: ProfileState) -> EventTime {
        EventTime(milliseconds: (state.occurrence + 1) * WeekBin.milliseconds)
    }
}
