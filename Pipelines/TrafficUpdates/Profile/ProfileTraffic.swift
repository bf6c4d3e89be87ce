public import Records
internal import RoadNetwork
public import Transforms

/// Keeps the speed of each segment in each five-minute bin of the week: what to expect where nobody drives now.
///
/// A bin's row is written once a week, when its five minutes and the lateness are over, and again when a correction
/// comes later; it is taken back when so few distinct vehicles have passed in the weeks that are remembered that it
/// may not be told.
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
        let bound = ProfileVisitors.kept(for: minimumVehicles)
        guard state.add(input, decay: decay, keeping: bound) else { return }
        // What was taken back may have been all: then the row goes.
        let newest = state.newest ?? WeekBin.occurrence(of: input.leftAt)
        context.setTimer(at: WeekBin.end(of: newest).advanced(byMilliseconds: lateness))
    }

    /// Publishes what is known once the bin is over, if that is something new.
    public mutating func timer(
        at time: EventTime, key: SegmentBin, state: inout ProfileState,
        context: inout ProcessContext<ProfileUpdate>
    ) {
        let newest = state.newest
        // The five minutes of another week have begun since: they have a timer of their own.
        if let newest, time < WeekBin.end(of: newest) { return }
        var known = newest.map {
            ProfileState.Told(occurrence: $0, sum: state.sum(decay: decay))
        }
        if let sum = known?.sum, state.vehicles < minimumVehicles || sum.count <= 0 { known = nil }
        guard known != state.told else { return }
        let end = known.map { WeekBin.end(of: $0.occurrence) } ?? time
        state.told = known
        context.emit(ProfileUpdate(key: key, sum: known?.sum, updatedAt: end), at: end)
    }
}
