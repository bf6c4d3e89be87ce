/// What a line of a metrics page says.
public enum ExpositionEvent: Sendable {
    /// `# HELP`: what a family means.
    case help(family: String, text: String)
    /// `# TYPE`: what a family measures.
    case type(family: String, type: MetricType)
    /// `# UNIT`: in what a family is measured.
    case unit(family: String, unit: String)
    /// A sample.
    case sample(ExpositionSample)
    /// OpenMetrics' `_created` line: when the series of these labels began, in milliseconds; the
    /// name is that of the family.
    case created(labels: Labels, timestamp: Int64)
    /// `# EOF`.
    case end
}
