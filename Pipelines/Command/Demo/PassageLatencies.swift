internal import Records
internal import TrafficUpdates

/// How long passages took to be counted by a committed row, and corrections to be seen in it, in seconds.
struct PassageLatencies {
    /// From the sending of the location that completed a passage, or that made its row publishable, to the first row
    /// that counts the passage, as it was told first or anew.
    private(set) var toRow: [Double] = []
    /// From the sending alone: a row's first passages wait for the vehicle with which it may be published.
    private(set) var withVehiclesAwaited: [Double] = []
    /// From the sending of the location that has shown a passage to be otherwise to the first row without it, for
    /// passages that a row had counted.
    private(set) var corrections: [Double] = []
    /// Passages that stand and that no row ever counted.
    private(set) var unpublished = 0
    /// Passages that were taken back and that their row still counts.
    private(set) var uncorrected = 0
    /// Revisions of rows that were seen.
    private(set) var revisions = 0
    /// Revisions that no passages told add up to; what they count is taken as counted by the next.
    private(set) var unresolved = 0

    /// Knows of none.
    init() {}

    /// Times the passages that were completed between two moments.
    ///
    /// - Parameters:
    ///   - revisions: what was seen of each row.
    ///   - from: windows that begin before were not watched.
    init(
        _ tellings: PassageTellings, _ revisions: [TrafficRow: [RowRevision]],
        minimumVehicles: Int, from: EventTime, until: EventTime
    ) {
        var coverages: [TrafficRow: RowCoverage] = [:]
        for (row, members) in tellings.rows where row.windowStart >= from {
            let coverage = RowCoverage(
                of: tellings.all, members: members, revisions: revisions[row] ?? [],
                minimumVehicles: minimumVehicles)
            self.revisions += revisions[row]?.count ?? 0
            unresolved += coverage.unresolved
            coverages[row] = coverage
        }
        for passage in tellings.passages
        where passage.completedAt >= from && passage.completedAt < until {
            let rows = passage.tellings.map { tellings.row(of: tellings.all[$0].passage) }
            guard rows.allSatisfy({ $0.windowStart >= from }) else { continue }
            var shown: [Shown] = []
            for (telling, row) in zip(passage.tellings, rows) {
                let back = tellings.takenBack[telling]
                guard let coverage = coverages[row],
                    let one = PassageLatencies.shown(telling, back, coverage, revisions[row] ?? [])
                else { continue }
                shown.append(one)
                guard let back else { continue }
                if let gone = one.gone {
                    corrections.append(
                        PassageLatencies.seconds(from: tellings.all[back].caused, to: gone))
                } else {
                    uncorrected += 1
                }
            }
            guard passage.isStanding, let first = passage.tellings.first else { continue }
            add(shown.min { $0.seen < $1.seen }, sent: tellings.all[first].completed)
        }
    }

    /// When a row counted a telling.
    private struct Shown {
        let seen: EventTime
        /// When enough vehicles for a row had passed.
        let publishable: EventTime?
        /// When it counted it no more.
        let gone: EventTime?
    }

    /// When a telling was first seen in its row; nil if it never was, or only with what has taken it back.
    private static func shown(
        _ telling: Int, _ back: Int?, _ coverage: RowCoverage, _ revisions: [RowRevision]
    ) -> Shown? {
        guard let number = coverage.first[telling] else { return nil }
        let gone = back.flatMap { coverage.first[$0] }
        if gone == number { return nil }
        return Shown(
            seen: revisions[number].seen, publishable: coverage.publishable(by: number),
            gone: gone.map { revisions[$0].seen })
    }

    private mutating func add(_ shown: Shown?, sent: EventTime) {
        guard let shown else {
            unpublished += 1
            return
        }
        withVehiclesAwaited.append(PassageLatencies.seconds(from: sent, to: shown.seen))
        toRow.append(
            PassageLatencies.seconds(
                from: max(sent, shown.publishable ?? sent), to: shown.seen))
    }

    private static func seconds(from start: EventTime, to end: EventTime) -> Double {
        Double(max(0, end.millisecondsSince(start))) / 1_000
    }

    /// The value that a share of the latencies stays below; 0 without any.
    static func quantile(_ share: Double, of seconds: [Double]) -> Double {
        let sorted = seconds.sorted()
        return sorted.isEmpty
            ? 0 : sorted[min(sorted.count - 1, Int(Double(sorted.count) * share))]
    }
}
