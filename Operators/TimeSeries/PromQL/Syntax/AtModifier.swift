/// The time at which a selector stands still, whatever the step.
public enum AtModifier: Hashable, Sendable {
    /// Milliseconds since 1970.
    case time(Int64)
    /// The first step of the query.
    case start
    /// The last step of the query.
    case end
}
