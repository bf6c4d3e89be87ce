/// A remark on a result that may not mean what its reader thinks.
public struct Annotation: Hashable, Sendable, CustomStringConvertible {
    /// How grave the remark is.
    public enum Level: String, Sendable {
        /// The result is questionable.
        case warning = "PromQL warning"
        /// The result may be questionable.
        case info = "PromQL info"
    }

    /// How grave the remark is.
    public let level: Level
    /// The remark itself, in the words of Prometheus.
    public let message: String
    /// The part of the expression that it is about.
    public let range: SourceRange

    /// The remark with its level, without its place.
    public var description: String { "\(level.rawValue): \(message)" }

    /// The remark with its level and place, as Prometheus's API shows it.
    public func description(in query: String) -> String {
        "\(self) (\(range.place(in: query)))"
    }

    private static func naming(_ text: String, _ metric: String) -> String {
        metric.isEmpty ? text : "\(text) for metric name \(PromQLText.quoted(metric))"
    }

    static func invalidQuantile(_ value: Double, _ range: SourceRange) -> Annotation {
        Annotation(
            level: .warning,
            message: "quantile value should be between 0 and 1, got "
                + PromQLText.compactNumber(value, limit: 6), range: range)
    }

    static func invalidRatio(_ value: Double, cappedTo cap: Double, _ range: SourceRange)
        -> Annotation
    {
        Annotation(
            level: .warning,
            message: "ratio value should be between -1 and 1, got "
                + PromQLText.compactNumber(value, limit: 6) + ", capping to "
                + PromQLText.compactNumber(cap, limit: 6), range: range)
    }

    static func badBucketLabel(_ metric: String, _ label: String, _ range: SourceRange)
        -> Annotation
    {
        Annotation(
            level: .warning,
            message: naming(
                "bucket label \"le\" is missing or has a malformed value of "
                    + PromQLText.quoted(label), metric), range: range)
    }

    static func possiblyNoCounter(_ metric: String, _ range: SourceRange) -> Annotation {
        Annotation(
            level: .info,
            message: "metric might not be a counter, name does not end in "
                + "_total/_sum/_count/_bucket: \(PromQLText.quoted(metric))", range: range)
    }

    static func forcedMonotonicity(_ metric: String, _ range: SourceRange) -> Annotation {
        Annotation(
            level: .info,
            message: naming(
                "input to histogram_quantile needed to be fixed for monotonicity (see "
                    + "https://prometheus.io/docs/prometheus/latest/querying/functions/"
                    + "#histogram_quantile)", metric), range: range)
    }
}
