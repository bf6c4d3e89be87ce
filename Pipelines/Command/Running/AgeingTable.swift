internal import PostgresClient
internal import Records

/// A table whose rows are taken away when they are too old to be of use, by their own time.
///
/// What the time is now is told by the rows: history that is played again ages by its own time, whatever the clock
/// says. Once no newer row comes, time goes on with the clock from where the rows stood. A row of the clock's future
/// is left alone and says nothing of the time: one vehicle with a wrong date takes no row away.
struct AgeingTable: Hashable, Sendable {
    /// The table, and the column with the time by which a row ages.
    let name: String
    let column: String
    /// How many milliseconds behind the time a row is kept.
    let keepMilliseconds: Int64

    /// The newest time of a row that the clock has reached, and when it was first seen.
    private var newest: EventTime?
    private var seenAt = EventTime.min

    /// Describes a table.
    ///
    /// - Parameter keep: seconds.
    init(_ name: String, by column: String, keep: Double) {
        self.name = name
        self.column = column
        keepMilliseconds = Int64(exactly: (keep * 1_000).rounded()) ?? .max
    }

    /// The time of the rows.
    ///
    /// - Parameters:
    ///   - newest: the newest time of a row that isn't of the clock's future; nil: there is none.
    ///   - now: the clock's time.
    mutating func time(newest: EventTime?, now: EventTime) -> EventTime? {
        // A clock that was turned back begins anew.
        if newest != self.newest || now < seenAt { (self.newest, seenAt) = (newest, now) }
        return newest?.advanced(byMilliseconds: now.millisecondsSince(seenAt))
    }

    /// Takes away what is too old.
    mutating func keep(_ connection: PostgresConnection, now: EventTime) throws {
        let row = try connection.query(
            "SELECT max(\(column)) FROM \(name) WHERE \(column) <= $1", [.time(now)]
        ).first
        let newest = try row?.optional(0, as: EventTime.self)
        guard let time = time(newest: newest, now: now) else { return }
        try connection.query(
            "DELETE FROM \(name) WHERE \(column) < $1",
            [.time(time.advanced(byMilliseconds: -keepMilliseconds))])
    }
}
