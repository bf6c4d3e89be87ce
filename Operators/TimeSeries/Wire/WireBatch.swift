/// What a request brought: series, descriptions, and what was passed over.
public struct WireBatch: Sendable {
    /// Why something in a request was passed over.
    public enum Rejection: String, Hashable, Sendable, CaseIterable {
        /// Native or exponential histograms are not kept.
        case nativeHistogram = "native histograms are not supported"
        /// Labels without a name, twice, or not sorted.
        case invalidLabels = "labels are invalid"
        /// Changes since the last report instead of totals.
        case deltaTemporality = "delta temporality is not supported"
        /// Text where a number is needed.
        case notANumber = "the field is not a number"
        /// A time that doesn't fit milliseconds.
        case invalidTime = "the time is out of range"
    }

    /// The series, in order.
    public var series: [WireSeries] = []
    /// The descriptions, in order.
    public var metadata: [MetricMetadata] = []
    /// How many samples or series were passed over, by reason.
    public private(set) var rejections: [Rejection: Int] = [:]

    /// Nothing.
    public init() {}

    /// Counts what is passed over.
    mutating func reject(_ why: Rejection, count: Int = 1) {
        if count > 0 { rejections[why, default: 0] += count }
    }

    /// How many samples the series have.
    public var sampleCount: Int { series.reduce(0) { $0 + $1.samples.count } }
}
