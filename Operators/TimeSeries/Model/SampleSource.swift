/// Where series come from: memory, chunks, a database; everything is queried through it.
///
/// A source is a value or a snapshot: two selections within one query see the same samples. What it
/// returns may hold samples outside of the range asked for, and is in the order of ``Labels`` so
/// that results don't depend on the order of a hash table.
public protocol SampleSource {
    /// The series that match, each once, with at least the samples of the range.
    ///
    /// - Throws: what the source's store throws; the query ends with it.
    func select(_ selection: SeriesSelection) throws -> [SelectedSeries]
}
