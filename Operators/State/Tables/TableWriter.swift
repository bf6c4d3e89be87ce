/// Writes rows outside of a commit, each call in a transaction of its own.
public protocol TableWriter: AnyObject {
    /// Creates what is missing of a table and refuses one whose columns don't fit.
    func prepare(_ table: TableSpec) throws
    /// Applies changes atomically: upserts and deletes, of one key only the last.
    func write(_ changes: [TableChanges]) throws
}
