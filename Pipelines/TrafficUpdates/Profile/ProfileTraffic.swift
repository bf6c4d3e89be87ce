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
    private let week: WeekClock

    /// Makes the function.
    ///
    /// - Parameters:
    ///   - decay: what a week counts for in the next.
    ///   - minimumVehicles: how many distinct vehicles a row is made of at least.
    ///   - lateness: milliseconds of event time that a bin is waited for.
    ///   - week: the clocks that bins go by.
    public init(decay: Double, minimumVehicles: Int, lateness: Int64, week: WeekClock) {
        self.decay = decay
        self.minimumVehicles = minimumVehicles
        self.lateness = lateness
        self.week = week
    }

    /// A bin of which nothing is known.
    public mutating func initialState(of key: SegmentBin) -> ProfileState { ProfileState() }

    /// Takes a passage.
    public mutating func process(
        _ input: SegmentTraversal, at time: EventTime, key: SegmentBin, state: inout ProfileState,
        context: inout ProcessContext<ProfileUpdate>
    ) {
        var history = state.history
        let occurrence = week.occurrence(of: input.leftAt)
        guard
            history.add(
                input, at: occurrence, decay: decay, minimumVehicles: minimumVehicles)
        else { return }
        state = ProfileState(history)
        // What was taken back may have been all: then the row goes.
        let end = week.end(of: history.newest ?? occurrence)
        context.setTimer(at: end.advanced(byMilliseconds: lateness))
    }

    /// Publishes what is known once the bin is over, if that is something new.
    public mutating func timer(
        at time: EventTime, key: SegmentBin, state: inout ProfileState,
        context: inout ProcessContext<ProfileUpdate>
    ) {
        var history = state.history
        let end = history.newest.map { week.end(of: $0) }
        // The five minutes of another week have begun since: they have a timer of their own.
        if let end, time < end { return }
        var known = end.map { _ in history.sum(decay: decay) }
        if let sum = known, history.vehicles < minimumVehicles || sum.count <= 0 { known = nil }
        let mark = known.map { _ in history.mark(decay: decay) }
        if mark != history.told {
            history.told = mark
            let updatedAt = (known == nil ? nil : end) ?? time
            context.emit(
                ProfileUpdate(key: key, sum: known, updatedAt: updatedAt), at: updatedAt)
        }
        if history.isEmpty { context.forget() } else { state = ProfileState(history) }
    }
}
