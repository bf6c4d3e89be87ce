internal import Records
public import State
public import Testing

/// What every keeper of tables must do, one case a promise.
///
/// The rows are read back by a closure: all rows of a table, each with its columns in the order of the
/// description, in any order.
public enum TableContract: String, CaseIterable, Sendable, CustomTestStringConvertible {
    case keepsEveryType = "keeps values of every type, and NULL"
    case upsertsReplace = "an upsert replaces the row of its key"
    case lastOfAKeyWins = "of one key in one call only the last change counts"
    case deletes = "a delete removes its row, and one without a row is no error"
    case severalTables = "one call changes several tables"
    case isAtomic = "a call with an unfit row changes nothing"
    case preparesTwice = "preparing a table again leaves its rows"
    case refusesBadDescriptions = "refuses descriptions without a key, or with columns twice"
    case tellsKeysApart = "keys are told apart by their bytes"
    case takesManyRows = "takes more rows than one statement holds"

    /// The promise.
    public var testDescription: String { rawValue }

    /// Reads all rows of a table.
    public typealias ReadRows = (TableSpec) throws -> [[TableValue]]

    /// Puts a writer to the test, whose tables of these names must not exist.
    public func check(_ writer: any TableWriter, rows: ReadRows) throws {
        switch self {
        case .keepsEveryType: try TableContract.keepsEveryType(writer, rows)
        case .upsertsReplace:
            let table = try TableContract.table(writer)
            try writer.write([
                TableChanges(table: table, rows: [.upsert(row(1, "a")), .upsert(row(2, "b"))])
            ])
            try writer.write([TableChanges(table: table, rows: [.upsert(row(2, "c"))])])
            #expect(try Set(rows(table)) == [row(1, "a"), row(2, "c")])
        case .lastOfAKeyWins: try TableContract.lastOfAKeyWins(writer, rows)
        case .deletes:
            let table = try TableContract.table(writer)
            try writer.write([
                TableChanges(table: table, rows: [.upsert(row(1, "a")), .upsert(row(2, "b"))])
            ])
            try writer.write([
                TableChanges(table: table, rows: [.delete([.integer(1)]), .delete([.integer(9)])])
            ])
            #expect(try rows(table) == [row(2, "b")])
        case .severalTables:
            let first = try TableContract.table(writer, "contract_first")
            let second = try TableContract.table(writer, "contract_second")
            try writer.write([
                TableChanges(table: second, rows: [.upsert(row(1, "a"))]),
                TableChanges(table: first, rows: [.upsert(row(1, "b"))]),
                TableChanges(table: second, rows: [.upsert(row(1, "c"))]),
            ])
            #expect(try rows(first) == [row(1, "b")])
            #expect(try rows(second) == [row(1, "c")])
        case .isAtomic:
            let table = try TableContract.table(writer)
            let error = #expect(throws: DataflowError.self) {
                try writer.write([
                    TableChanges(
                        table: table,
                        rows: [.upsert(row(1, "a")), .upsert([.integer(2), .integer(3)])])
                ])
            }
            #expect(error?.domain == .user)
            #expect(try rows(table) == [])
        case .preparesTwice:
            let table = try TableContract.table(writer)
            try writer.write([TableChanges(table: table, rows: [.upsert(row(1, "a"))])])
            try writer.prepare(table)
            #expect(try rows(table) == [row(1, "a")])
        case .refusesBadDescriptions: TableContract.refusesBadDescriptions(writer)
        case .tellsKeysApart: try TableContract.tellsKeysApart(writer, rows)
        case .takesManyRows:
            let table = try TableContract.table(writer)
            let all = (0..<20_001 as Range<Int64>).map { row($0, "v\($0)") }
            try writer.write([TableChanges(table: table, rows: all.map { .upsert($0) })])
            #expect(try Set(rows(table)) == Set(all))
        }
    }
}

private func row(_ key: Int64, _ text: String) -> [TableValue] { [.integer(key), .text(text)] }

extension TableContract {
    private static func table(
        _ writer: any TableWriter, _ name: String = "contract_rows"
    ) throws -> TableSpec {
        let table = TableSpec(
            name, columns: [.init("id", .integer), .init("body", .text)], key: ["id"])
        try writer.prepare(table)
        return table
    }

    private static func keepsEveryType(_ writer: any TableWriter, _ rows: ReadRows) throws {
        let table = TableSpec(
            "contract_types",
            columns: [
                .init("id", .integer), .init("d", .double), .init("t", .text), .init("b", .bytes),
                .init("at", .time), .init("flag", .boolean),
            ], key: ["id"])
        try writer.prepare(table)
        let all: [[TableValue]] = [
            [.integer(.min), .double(-0.5), .text(""), .bytes([]), .time(.min), .boolean(false)],
            [
                .integer(.max), .double(.infinity), .text("ä\u{1F697}\"'\\"), .bytes([0, 255]),
                .time(.max), .boolean(true),
            ],
            [
                .integer(0), .double(.greatestFiniteMagnitude), .text("x"), .bytes([1]),
                .time(EventTime(milliseconds: -1)), .boolean(true),
            ],
            [.integer(1), .null, .null, .null, .null, .null],
        ]
        try writer.write([TableChanges(table: table, rows: all.map { .upsert($0) })])
        #expect(try Set(rows(table)) == Set(all))
    }

    private static func lastOfAKeyWins(_ writer: any TableWriter, _ rows: ReadRows) throws {
        let table = try table(writer)
        try writer.write([
            TableChanges(
                table: table,
                rows: [
                    .upsert(row(1, "a")), .upsert(row(2, "a")), .upsert(row(1, "b")),
                    .delete([.integer(2)]), .delete([.integer(3)]), .upsert(row(3, "c")),
                    .upsert(row(4, "d")), .delete([.integer(4)]), .upsert(row(4, "e")),
                ])
        ])
        #expect(try Set(rows(table)) == [row(1, "b"), row(3, "c"), row(4, "e")])
    }

    private static func refusesBadDescriptions(_ writer: any TableWriter) {
        let column = TableSpec.Column("id", .integer)
        let bad = [
            TableSpec("contract_bad", columns: [column], key: []),
            TableSpec("contract_bad", columns: [column], key: ["other"]),
            TableSpec("contract_bad", columns: [column, column], key: ["id"]),
            TableSpec("contract_bad", columns: [column], key: ["id"], dayPartitionColumn: "id"),
        ]
        for table in bad {
            let error = #expect(throws: DataflowError.self) { try writer.prepare(table) }
            #expect(error?.domain == .user)
            #expect(error?.retry == .never)
        }
    }

    private static func tellsKeysApart(_ writer: any TableWriter, _ rows: ReadRows) throws {
        let table = TableSpec(
            "contract_keys", columns: [.init("a", .text), .init("b", .text), .init("n", .integer)],
            key: ["a", "b"])
        try writer.prepare(table)
        // The first two are one text to Swift's ==, the next two differ only in where the column ends.
        let keys = [("\u{e9}", ""), ("e\u{301}", ""), ("ab", "c"), ("a", "bc"), ("A", "bc")]
        let all: [[TableValue]] = keys.enumerated().map { index, key in
            [.text(key.0), .text(key.1), .integer(Int64(index))]
        }
        try writer.write([TableChanges(table: table, rows: all.map { .upsert($0) })])
        let numbers = try rows(table).map { $0.last }
        #expect(Set(numbers) == Set((0..<5).map { .integer($0) }))
        #expect(numbers.count == 5)
    }
}
