public import Records

/// What is known of the records of one key in one window: it starts empty, takes records in and merges
/// with others of its kind.
///
/// Adding in any order and merging in any grouping must give the same, as records are summed before a
/// shuffle and merged behind it. The accumulator is the state that is checkpointed and the value that is
/// published.
public protocol Accumulator: BinaryCodable {
    /// What is summed up.
    associatedtype Input
    /// Knows of no record.
    init()
    /// Takes a record in.
    mutating func add(_ value: Input, at time: EventTime)
    /// Takes in everything that `other` knows.
    mutating func merge(_ other: Self)
}
