/// Gives equal label sets, and equal strings in them, one storage.
///
/// The table grows with what it is shown, up to ``limit`` sets; past that, sets are handed back as
/// they came.
public struct LabelInterner: Sendable {
    /// How many sets the table holds at most.
    public let limit: Int
    private var sets: [Labels: Labels] = [:]
    private var strings: [String: String] = [:]

    /// Starts with an empty table.
    public init(limit: Int = 10_000_000) {
        self.limit = limit
    }

    /// How many different sets were seen.
    public var count: Int { sets.count }

    /// The one value that stands for every set equal to `labels`.
    public mutating func intern(_ labels: Labels) -> Labels {
        if let known = sets[labels] { return known }
        guard sets.count < limit else { return labels }
        let shared = Labels(
            storage: labels.map { Label(string($0.name), string($0.value)) },
            hash: labels.stableHash)
        sets[shared] = shared
        return shared
    }

    /// The one copy of a string; short ones need none.
    private mutating func string(_ value: String) -> String {
        guard value.utf8.count > 15 else { return value }
        if let known = strings[value] { return known }
        strings[value] = value
        return value
    }
}
