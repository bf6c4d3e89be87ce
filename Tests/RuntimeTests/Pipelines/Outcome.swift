import OperatorTesting
import Records
import State

/// What a pipeline has published, in the oracle's terms.
extension PipelineHarness {
    /// Sends events to the topic `events`.
    func send(_ events: [Event]) throws {
        try send(events, to: "events") { $0.happenedAt }
    }

    /// The last total of each cell on the topic `totals`.
    func lastTotals() throws -> [ReferenceInterpreter.Cell: Total] {
        var last: [ReferenceInterpreter.Cell: Total] = [:]
        for total in try records(of: "totals", as: Total.self) { last[total.cell] = total }
        return last
    }

    /// The largest total of each cell on the topic `totals`: what a fenced worker wrote late counts for nothing.
    func largestTotals() throws -> [ReferenceInterpreter.Cell: Total] {
        var largest: [ReferenceInterpreter.Cell: Total] = [:]
        for total in try records(of: "totals", as: Total.self)
        where total.count >= largest[total.cell]?.count ?? 0 {
            largest[total.cell] = total
        }
        return largest
    }

    /// The rows of the table `totals`.
    func tableTotals() -> [ReferenceInterpreter.Cell: Total] {
        var totals: [ReferenceInterpreter.Cell: Total] = [:]
        for total in rows(of: "totals").compactMap(Total.init(row:)) {
            totals[total.cell] = total
        }
        return totals
    }

    /// The rows of the table `latest`.
    func latest() -> [Int64: Int64] {
        var latest: [Int64: Int64] = [:]
        for row in rows(of: "latest") {
            if case .integer(let user) = row[0], case .integer(let time) = row[1] {
                latest[user] = time
            }
        }
        return latest
    }
}

extension Total {
    var cell: ReferenceInterpreter.Cell { .init(kind: kind, start: start) }
}

typealias Totals = [ReferenceInterpreter.Cell: Total]

/// The cells that are missing or lower than the oracle's, or that the oracle doesn't know.
func shortfalls(_ outcome: Totals, of oracle: Totals) -> [String] {
    compare(outcome, oracle) { $0.count >= $1.count && $0.sum >= $1.sum }
}

/// The cells that are not as the oracle's.
func differences(_ outcome: Totals, from oracle: Totals) -> [String] {
    compare(outcome, oracle) { $0 == $1 }
}

private func compare(
    _ outcome: Totals, _ oracle: Totals, _ isRight: (Total, Total) -> Bool
) -> [String] {
    Set(oracle.keys).union(outcome.keys)
        .sorted { ($0.start, $0.kind) < ($1.start, $1.kind) }
        .compactMap { cell in
            if let got = outcome[cell], let wanted = oracle[cell], isRight(got, wanted) {
                return nil
            }
            func text(_ total: Total?) -> String {
                total.map { "\($0.count) events of \($0.sum)" } ?? "nothing"
            }
            return "kind \(cell.kind) at \(cell.start): \(text(outcome[cell])), "
                + "not \(text(oracle[cell]))"
        }
}
