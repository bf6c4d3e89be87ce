import Records

/// What the test pipelines must yield, computed all at once from all of the input: the oracle.
struct ReferenceInterpreter {
    let events: [Event]

    struct Cell: Hashable {
        var kind: Int64
        var start: Int64
    }

    /// The totals of ``TestPipelines/windows(early:)``, as nothing in these inputs is late.
    var windowTotals: [Cell: Total] {
        totals(of: events.filter { $0.amount != 13 })
    }

    /// The totals of ``TestPipelines/seams(_:)``.
    var seamTotals: [Cell: Total] {
        totals(
            of: events.map { event in
                var event = event
                if event.amount >= 50 { event.amount *= 2 }
                return event
            })
    }

    private func totals(of events: [Event]) -> [Cell: Total] {
        var totals: [Cell: Total] = [:]
        for event in events {
            let start =
                event.happenedAt.milliseconds
                - event.happenedAt.milliseconds % TestPipelines.windowMilliseconds
            let cell = Cell(kind: event.kind, start: start)
            var total = totals[cell] ?? Total(kind: event.kind, start: start, count: 0, sum: 0)
            total.count += 1
            total.sum += event.amount
            totals[cell] = total
        }
        return totals
    }

    /// The last row of each user of ``TestPipelines/sums(_:)``.
    var userSums: [Cell: Total] {
        var sums: [Cell: Total] = [:]
        for event in events {
            let cell = Cell(kind: event.user, start: 0)
            var sum = sums[cell] ?? Total(kind: event.user, start: 0, count: 0, sum: 0)
            sum.count += 1
            sum.sum += event.amount
            sums[cell] = sum
        }
        return sums
    }

    /// The time of each user's last event.
    var latest: [Int64: Int64] {
        var latest: [Int64: Int64] = [:]
        for event in events { latest[event.user] = event.happenedAt.milliseconds }
        return latest
    }
}
