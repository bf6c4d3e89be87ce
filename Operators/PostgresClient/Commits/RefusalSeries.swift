/// The rows of one task that were refused since its tables took one.
struct RefusalSeries: Hashable {
    /// How many.
    private(set) var count: Int
    /// When the first of them was refused.
    private(set) var since: ContinuousClock.Instant

    /// How many rows in a row are kept as dead letters when none can be written: where so many are refused, it is
    /// the tables that are broken, and not the rows.
    static let maximumRows = 1_000
    /// Over which time that many tell so: what is refused one by one, over a longer time, are bad rows.
    static let longest = Duration.seconds(3_600)

    init(count: Int, since: ContinuousClock.Instant) {
        self.count = count
        self.since = since
    }

    /// Whether the tables are taken to be broken, until they take a row.
    var isBroken: Bool { count >= RefusalSeries.maximumRows }

    /// For how long it has gone on.
    func milliseconds(at now: ContinuousClock.Instant) -> Int64 {
        Int64(max(0, (now - since) / .milliseconds(1)))
    }

    /// The series with rows that were refused now.
    static func adding(
        _ rows: Int, to series: RefusalSeries?, at now: ContinuousClock.Instant
    ) -> RefusalSeries {
        guard var series else { return RefusalSeries(count: rows, since: now) }
        // Broken tables are tried again and again with the same rows, which count once.
        if series.isBroken { return series }
        guard now - series.since <= longest else { return RefusalSeries(count: rows, since: now) }
        series.count += rows
        return series
    }

    /// The series of tables of which it is known that they take nothing.
    static func broken(
        _ rows: Int, after series: RefusalSeries?, at now: ContinuousClock.Instant
    ) -> RefusalSeries {
        var series = adding(rows, to: series, at: now)
        series.count = max(series.count, maximumRows)
        return series
    }
}
