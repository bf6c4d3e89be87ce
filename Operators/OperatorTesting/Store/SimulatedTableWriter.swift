public import State

/// Writes rows of a ``SimulatedDatabase`` outside of commits.
public final class SimulatedTableWriter: TableWriter {
    private let database: SimulatedDatabase

    init(_ database: SimulatedDatabase) { self.database = database }

    /// Creates what is missing of a table.
    public func prepare(_ table: TableSpec) throws { try database.prepare(table) }

    /// Applies changes, all or none.
    public func write(_ changes: [TableChanges]) throws { try database.apply(changes) }
}
