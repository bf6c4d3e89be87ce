internal import CPostgres

/// The rows of one statement, in memory until the last reference goes.
package final class PostgresResult: RandomAccessCollection {
    let handle: OpaquePointer
    private let rowCount: Int

    init(owning handle: OpaquePointer) {
        self.handle = handle
        rowCount = Int(PQntuples(handle))
    }

    deinit { PQclear(handle) }

    package var startIndex: Int { 0 }
    package var endIndex: Int { rowCount }

    /// The row of a number from 0; a number past the end gives a row whose every read throws.
    package subscript(index: Int) -> PostgresRow { PostgresRow(result: self, index: index) }

    /// The names of the columns, in their order.
    package var columnNames: [String] {
        (0..<PQnfields(handle)).map { column in
            PQfname(handle, column).map { String(cString: $0) } ?? ""
        }
    }

    /// How many rows an INSERT, UPDATE or DELETE touched; 0 for other statements.
    package var affectedRows: Int {
        PQcmdTuples(handle).flatMap { Int(String(cString: $0)) } ?? 0
    }

    /// The server's word for what was done: `INSERT 0 5`, `COMMIT`, `ROLLBACK`.
    var commandTag: String { PQcmdStatus(handle).map { String(cString: $0) } ?? "" }
}
