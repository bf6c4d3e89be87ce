internal import Records

/// What the test pipelines must yield, computed all at once from all of the input: the oracle.
package struct ReferenceInterpreter {
    package let events: [Event]

    package init(events: [Event]) { self.events = events }

    package struct Cell: Hashable {
        package var kind: Int64
        package var start: Int64
    }

    /// The totals of ``TestPipelines/windows(early:idleAfter:)``, as nothing in these inputs is late.
    package var windowTotals: [Cell: Total] {
        totals(of: events.filter { $0.amount != 13 })
    }

    /// The totals of ``TestPipelines/seams(_:)``.
    package var seamTotals: [Cell: Total] {
        totals(of: copies)
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
    package var userSums: [Cell: Total] {
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

    /// What ``TestPipelines/running(_:)`` and ``TestPipelines/delayed(idleAfter:)`` publish of each user, in order.
    package func sequences(withTimes: Bool) -> [Int64: [Total]] {
        var sequences: [Int64: [Total]] = [:]
        for event in events {
            let last = sequences[event.user]?.last
            sequences[event.user, default: []].append(
                Total(
                    kind: event.user, start: withTimes ? event.happenedAt.milliseconds : 0,
                    count: (last?.count ?? 0) + 1, sum: (last?.sum ?? 0) + event.amount))
        }
        return sequences
    }

    /// What ``TestPipelines/seams(_:)`` copies.
    package var copies: [Event] {
        events.map { $0.amount >= 50 ? $0.doubled : $0 }
    }

    /// The time of each user's last event.
    package var latest: [Int64: Int64] { latest { _ in true } }

    /// The time of each user's last event whose row is accepted.
    package func latest(accepting isAccepted: (Event) -> Bool) -> [Int64: Int64] {
        var latest: [Int64: Int64] = [:]
        for event in events where isAccepted(event) {
            latest[event.user] = event.happenedAt.milliseconds
        }
        return latest
    }
}
