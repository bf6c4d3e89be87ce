package import OperatorTesting
internal import Records
internal import State

/// What a pipeline has published, in the oracle's terms.
extension PipelineHarness {
    /// Sends events to the topic `events`.
    package func send(_ events: [Event]) throws {
        try send(events, to: "events") { $0.happenedAt }
    }

    /// The last total of each cell on the topic `totals`.
    package func lastTotals() throws -> [ReferenceInterpreter.Cell: Total] {
        var last: [ReferenceInterpreter.Cell: Total] = [:]
        for total in try records(of: "totals", as: Total.self) { last[total.cell] = total }
        return last
    }

    /// The largest total of each cell on the topic `totals`: what a fenced worker wrote late counts for nothing.
    package func largestTotals() throws -> [ReferenceInterpreter.Cell: Total] {
        var largest: [ReferenceInterpreter.Cell: Total] = [:]
        for total in try records(of: "totals", as: Total.self)
        where total.count >= largest[total.cell]?.count ?? 0 {
            largest[total.cell] = total
        }
        return largest
    }

    /// The rows of the table `totals`.
    package func tableTotals() -> [ReferenceInterpreter.Cell: Total] {
        var totals: [ReferenceInterpreter.Cell: Total] = [:]
        for total in rows(of: "totals").compactMap(Total.init(row:)) {
            totals[total.cell] = total
        }
        return totals
    }

    /// The rows of the table `latest`.
    package func latest() -> [Int64: Int64] {
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
    package var cell: ReferenceInterpreter.Cell { .init(kind: kind, start: start) }
}

package typealias Totals = [ReferenceInterpreter.Cell: Total]

/// The cells that are not as the oracle's.
package func differences(_ outcome: Totals, from oracle: Totals) -> [SimulationProblem] {
    compareTotals("cell", outcome, oracle) { $0 == $1 }
}

func compareTotals(
    _ what: String, _ outcome: Totals, _ oracle: Totals, _ isRight: (Total, Total) -> Bool
) -> [SimulationProblem] {
    Set(oracle.keys).union(outcome.keys)
        .sorted { ($0.start, $0.kind) < ($1.start, $1.kind) }
        .compactMap { cell in
            let (got, wanted) = (outcome[cell], oracle[cell])
            if let got, let wanted, isRight(got, wanted) { return nil }
            func text(_ total: Total?) -> String {
                total.map { "\($0.count) events of \($0.sum)" } ?? "nothing"
            }
            return SimulationProblem(
                way(got, wanted),
                "\(what) of kind \(cell.kind) at \(cell.start): \(text(got)), not \(text(wanted))")
        }
}

/// In which way a total is not as it should be.
private func way(_ got: Total?, _ wanted: Total?) -> SimulationProblem.Kind {
    guard let wanted else { return .wrong }
    guard let got, got.count >= wanted.count else { return .lost }
    return got.count > wanted.count ? .doubled : .wrong
}
