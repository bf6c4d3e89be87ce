internal import Records
package import State

/// The rows that the simulated database refuses: whether it does follows from the row alone, so that the oracle
/// knows each of them.
package enum Refusal {
    /// What the letters say.
    package static let reason = "a constraint"

    /// Whether the table of totals refuses one.
    package static func isRefused(_ total: Total) -> Bool { total.sum % 5 == 1 }

    /// Whether the tables of single events refuse one.
    package static func isRefused(_ event: Event) -> Bool {
        isRefused(at: event.happenedAt.milliseconds)
    }

    private static func isRefused(at milliseconds: Int64) -> Bool { milliseconds / 500 % 4 == 1 }

    /// The database's word on a change.
    package static func reason(_ table: TableSpec, _ change: RowChange) -> String? {
        guard case .upsert(let row) = change else { return nil }
        switch table.name {
        case Total.table.name:
            return Total(row: row).map(isRefused) ?? false ? reason : nil
        case TestPipelines.latestTable.name, FuzzedGraph.table.name:
            guard case .integer(let milliseconds) = row[1] else { return nil }
            return isRefused(at: milliseconds) ? reason : nil
        default: return nil
        }
    }
}
