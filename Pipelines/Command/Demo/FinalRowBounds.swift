internal import TrafficUpdates

/// When a window's rows are due to be final, in seconds from the window's start.
struct FinalRowBounds: Equatable {
    /// What the commits, the early results and the table may add, in seconds.
    static let slack = 5.0

    /// Window, out-of-order bound, the hold of undecided locations, and ``slack``: then the window has fired.
    let usual: Double
    /// The same with the matcher's lag in place of its hold: what is decided so late revises a row that had fired.
    let latest: Double

    /// The bounds that follow from a pipeline's parameters.
    init(_ parameters: TrafficUpdates.Parameters) {
        let order = parameters.window + parameters.outOfOrder
        usual = order + parameters.matcherHold + FinalRowBounds.slack
        latest = order + parameters.matcherLag + FinalRowBounds.slack
    }
}
