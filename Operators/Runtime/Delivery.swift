/// What a run promises about each record's effect on topics and tables.
///
/// Tables of a stage that commits to PostgreSQL are exact under each of them, as their rows and offsets are
/// one transaction.
public enum Delivery: String, CaseIterable, Hashable, Sendable {
    /// Outputs and offsets become visible together: nothing is lost and nothing doubled for whoever reads
    /// committed records only.
    case exactlyOnce = "exactly-once"
    /// Outputs are acknowledged before offsets are committed: doubles after a crash, never a loss.
    case atLeastOnce = "at-least-once"
    /// Offsets are committed before outputs are written: a loss after a crash, never a double.
    case atMostOnce = "at-most-once"
}
