internal import Glibc
internal import Records
internal import State

/// The changes of one table with one change a key, in key order.
///
/// Keys are compared by their encoding, which is equal exactly where PostgreSQL's unique index finds
/// two keys equal: texts by their bytes (Swift takes "é" for equal to "e" with an accent), -0.0 and 0.0
/// as one, NaN equal to itself. All writers sort alike, so that no two of them lock rows crosswise.
struct ChangeSet {
    let layout: TableLayout
    /// Rows to be there, in key order.
    private(set) var upserts: [[TableValue]] = []
    /// Keys to be gone, in key order.
    private(set) var deletes: [[TableValue]] = []
    /// All keys, in key order; filled only where there are deletes.
    private(set) var lockedKeys: [[TableValue]] = []
    /// The UTC days of the rows to be there, as days since 1970, sorted; for a table by days.
    private(set) var days: [Int64] = []

    /// Sorts changes that came in this order; of one key the last wins.
    ///
    /// - Throws: ``PostgresError`` of condition `.unfitValue`, naming the row by its place.
    init(_ layout: TableLayout, rows: [RowChange]) throws(PostgresError) {
        self.layout = layout
        var keys = KeyList(layout)
        for (index, row) in rows.enumerated() { try keys.append(row, index) }
        let order = keys.groups().map(\.last)
        upserts.reserveCapacity(order.count)
        for index in order {
            switch rows[index] {
            case .upsert(let values): upserts.append(values)
            case .delete(let key): deletes.append(key)
            }
        }
        if !deletes.isEmpty {
            lockedKeys = order.map { index in
                switch rows[index] {
                case .upsert(let values): layout.keyIndexes.map { values[$0] }
                case .delete(let key): key
                }
            }
        }
        if let dayIndex = layout.dayIndex { try collectDays(dayIndex) }
    }

    /// The places of changes by their keys, in key order; of one key in the order in which they came.
    ///
    /// - Throws: ``PostgresError`` of condition `.unfitValue`, naming the row by its place.
    static func groups(
        _ layout: TableLayout, rows: [RowChange], at places: [Int]
    ) throws(PostgresError) -> [[Int]] {
        var keys = KeyList(layout)
        for index in places { try keys.append(rows[index], index) }
        let groups = keys.groups()
        return groups.map { keys.rows(of: $0) }
    }

    /// Why a change can't be written, whatever the database holds; nil for one that can.
    static func fault(_ layout: TableLayout, _ change: RowChange) -> String? {
        var scratch = ByteWriter()
        do throws(PostgresError) {
            _ = try ChangeSet(layout, rows: [change])
            if case .upsert(let values) = change {
                for (value, column) in zip(values, layout.spec.columns) {
                    scratch.removeAll()
                    do throws(BinaryFormat.Unfit) {
                        try BinaryFormat.write(value, as: column.type, into: &scratch)
                    } catch {
                        throw PostgresError(
                            .unfitValue, "column \(column.name) " + error.clause(column.type))
                    }
                }
            }
            return nil
        } catch {
            return error.description
        }
    }

    private mutating func collectDays(_ index: Int) throws(PostgresError) {
        var seen: Set<Int64> = []
        for row in upserts {
            guard case .time(let time) = row[index], let day = DayPartitions.day(of: time) else {
                throw PostgresError(
                    .unfitValue,
                    "a row of \(layout.name): column \(layout.spec.columns[index].name) lies outside "
                        + "of the years 1 to 9999, for which there are partitions")
            }
            seen.insert(day)
        }
        days = seen.sorted()
    }
}

/// The encoded keys of changes.
private struct KeyList {
    private struct Entry {
        /// The first eight bytes of the key, zero behind its end: most comparisons stop here.
        var prefix: UInt64
        var start: Int
        var count: Int
        var row: Int
    }

    private let layout: TableLayout
    private var writer = ByteWriter()
    private var entries: [Entry] = []

    init(_ layout: TableLayout) { self.layout = layout }

    mutating func append(_ change: RowChange, _ row: Int) throws(PostgresError) {
        let start = writer.count
        switch change {
        case .upsert(let values):
            guard values.count == layout.spec.columns.count else {
                throw unfit(
                    row, "has \(values.count) values for \(layout.spec.columns.count) columns")
            }
            for (place, index) in layout.keyIndexes.enumerated() {
                try append(values[index], place, row)
            }
        case .delete(let values):
            guard values.count == layout.keyIndexes.count else {
                throw unfit(
                    row, "has \(values.count) values for a key of \(layout.keyIndexes.count)")
            }
            for (place, value) in values.enumerated() { try append(value, place, row) }
        }
        entries.append(
            Entry(prefix: 0, start: start, count: writer.count - start, row: row))
    }

    private mutating func append(
        _ value: TableValue, _ place: Int, _ row: Int
    ) throws(PostgresError) {
        do throws(BinaryFormat.Unfit) {
            try KeyEncoding.append(value, as: layout.keyTypes[place], to: &writer)
        } catch {
            throw unfit(
                row, "column \(layout.spec.key[place]) \(error.clause(layout.keyTypes[place]))")
        }
    }

    private func unfit(_ row: Int, _ what: String) -> PostgresError {
        PostgresError(.unfitValue, "row \(row) of \(layout.name): \(what)")
    }

    /// The changes of one key.
    struct Group {
        /// Where they lie among the sorted entries.
        var entries: Range<Int>
        /// The place of the one that counts.
        var last: Int
    }

    /// The places of the changes of a key, in the order in which they came.
    func rows(of group: Group) -> [Int] { entries[group.entries].map(\.row) }

    /// Sorts the changes by key, then in the order in which they came.
    mutating func groups() -> [Group] {
        writer.bytes.withUnsafeBytes { bytes in
            for index in entries.indices {
                entries[index].prefix = KeyList.prefix(bytes, entries[index])
            }
            entries.sort { a, b in
                if a.prefix != b.prefix { return a.prefix < b.prefix }
                let order = KeyList.compare(bytes, a, b)
                return order == 0 ? a.row < b.row : order < 0
            }
            var groups: [Group] = []
            groups.reserveCapacity(entries.count)
            var start = 0
            for index in entries.indices {
                let next = index + 1
                if next < entries.count, entries[next].prefix == entries[index].prefix,
                    KeyList.compare(bytes, entries[index], entries[next]) == 0
                {
                    continue
                }
                groups.append(Group(entries: start..<next, last: entries[index].row))
                start = next
            }
            return groups
        }
    }

    private static func prefix(_ bytes: UnsafeRawBufferPointer, _ entry: Entry) -> UInt64 {
        var prefix: UInt64 = 0
        for offset in 0..<8 {
            prefix <<= 8
            if offset < entry.count { prefix |= UInt64(bytes[entry.start + offset]) }
        }
        return prefix
    }

    private static func compare(_ bytes: UnsafeRawBufferPointer, _ a: Entry, _ b: Entry) -> Int {
        guard let base = bytes.baseAddress else { return 0 }
        let order = memcmp(base + a.start, base + b.start, min(a.count, b.count))
        return order == 0 ? a.count - b.count : Int(order)
    }
}
