/// What a query asks of a ``SampleSource``.
public struct SeriesSelection: Sendable {
    /// Conditions that all must hold.
    public var matchers: [LabelMatcher]
    /// The times of interest in milliseconds, both ends included; a source may return more.
    public var range: ClosedRange<Int64>
    /// The distance between the steps of the query, in milliseconds, or 0 for a single step.
    ///
    /// A source that keeps rollups may use it to choose one.
    public var step: Int64
    /// The range function that will read the samples, where there is one: `rate`, `max_over_time`.
    public var function: String?
    /// The width of that function's window in milliseconds, or 0.
    public var window: Int64

    /// Makes a selection.
    public init(
        matchers: [LabelMatcher], range: ClosedRange<Int64>, step: Int64 = 0,
        function: String? = nil, window: Int64 = 0
    ) {
        self.matchers = matchers
        self.range = range
        self.step = step
        self.function = function
        self.window = window
    }
}
