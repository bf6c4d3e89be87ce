internal import OperatorTesting
internal import Runtime
internal import State

/// Compares what a case has published with what the oracle says, under the promise of its delivery.
struct SimulationCheck {
    let item: SimulationCase
    let harness: PipelineHarness
    let oracle: ReferenceInterpreter
    private(set) var problems: [String] = []
    private(set) var recordsChecked = 0

    init(_ item: SimulationCase, _ harness: PipelineHarness, _ oracle: ReferenceInterpreter) {
        self.item = item
        self.harness = harness
        self.oracle = oracle
    }

    mutating func run() throws {
        switch item.subject {
        case .windows, .early: try windows()
        case .sums:
            // Rows and offsets are one transaction under every delivery.
            compare(harness.tableTotals(), oracle.userSums, "row") { $0 == $1 }
        case .running: try sequences(withTimes: false)
        case .delayed: try sequences(withTimes: true)
        case .seams: try seams()
        }
    }

    // MARK: Pipelines

    private mutating func windows() throws {
        let published = try harness.records(of: "totals", as: Total.self)
        let table = harness.tableTotals()
        let wanted = oracle.windowTotals
        switch item.delivery {
        case .exactlyOnce: exactly(published, table, wanted)
        // Where nothing goes wrong it is exact.
        case .atLeastOnce where item.faults == 0: exactly(published, table, wanted)
        case .atLeastOnce:
            compare(try harness.largestTotals(), wanted, "total") {
                $0.count >= $1.count && $0.sum >= $1.sum
            }
            // The table is a function of the topic, whatever the topic says.
            compare(table, try harness.lastTotals(), "row") { $0 == $1 }
        case .atMostOnce:
            for total in published { atMost(total, wanted[total.cell]) }
            compare(table, try harness.lastTotals(), "row") { $0 == $1 }
        }
        recordsChecked += published.count
    }

    /// Each total is the oracle's, and nothing was published twice.
    private mutating func exactly(_ published: [Total], _ table: Totals, _ wanted: Totals) {
        var last: Totals = [:]
        for total in published {
            if let before = last[total.cell], before.count > total.count || before == total {
                problem("\(total) was published behind \(before)")
            }
            last[total.cell] = total
        }
        compare(last, wanted, "total") { $0 == $1 }
        compare(table, wanted, "row") { $0 == $1 }
        if item.subject == .windows, published.count != wanted.count {
            problem("\(published.count) totals were published, not \(wanted.count)")
        }
    }

    private mutating func sequences(withTimes: Bool) throws {
        let published = try harness.records(of: "totals", as: Total.self)
        recordsChecked += published.count
        let byUser = Dictionary(grouping: published, by: \.kind)
        for (user, wanted) in oracle.sequences(withTimes: withTimes).sorted(by: { $0.key < $1.key })
        {
            // With their times they have keys of their own, and so no order among each other.
            var got = byUser[user] ?? []
            if withTimes { got.sort { $0.count < $1.count } }
            switch item.delivery {
            case .exactlyOnce:
                if got != wanted {
                    problem("user \(user): \(got.map(\.count)), not \(wanted.map(\.count))")
                }
            case .atLeastOnce:
                for total in wanted where !got.contains(total) {
                    problem("user \(user): \(total.count) is missing")
                }
            case .atMostOnce:
                let places = got.map { wanted.firstIndex(of: $0) ?? -1 }
                if places.contains(-1) || zip(places, places.dropFirst()).contains(where: >=) {
                    problem("user \(user): \(got.map(\.count)) repeats or invents")
                }
            }
        }
    }

    private mutating func seams() throws {
        let table = harness.tableTotals()
        let copies = try harness.records(of: "copies", as: Event.self)
        recordsChecked += copies.count
        switch item.delivery {
        case .exactlyOnce:
            compare(table, oracle.seamTotals, "row") { $0 == $1 }
            if harness.latest() != oracle.latest { problem("the latest times differ") }
            // A union of branches keeps the order of each branch, not the one they had together.
            for isLarge in [false, true] {
                let branch = copies.filter { ($0.amount >= 100) == isLarge }
                let wanted = oracle.copies.filter { ($0.amount >= 100) == isLarge }
                if Dictionary(grouping: branch, by: \.user)
                    != Dictionary(grouping: wanted, by: \.user)
                {
                    problem("\(branch.count) copies are not the \(wanted.count), in order")
                }
            }
        case .atLeastOnce:
            compare(table, oracle.seamTotals, "row") { $0.count >= $1.count && $0.sum >= $1.sum }
            if Set(harness.latest().keys) != Set(oracle.latest.keys) {
                problem("a user has no latest time")
            }
            if !Set(copies).isSuperset(of: oracle.copies) {
                problem("a copy is missing")
            }
        case .atMostOnce:
            for total in table.values.sorted(by: { $0.start < $1.start }) {
                atMost(total, oracle.seamTotals[total.cell])
            }
            if Set(copies).count != copies.count { problem("a copy is doubled") }
        }
    }

    // MARK: Comparing

    private mutating func compare(
        _ got: Totals, _ wanted: Totals, _ what: String, _ isRight: (Total, Total) -> Bool
    ) {
        recordsChecked += got.count
        problems += compareTotals(got, wanted, isRight).map { "\(what) \($0)" }
    }

    private mutating func atMost(_ total: Total, _ wanted: Total?) {
        guard total.count <= wanted?.count ?? 0, total.sum <= wanted?.sum ?? 0 else {
            return problem("\(total) is more than \(wanted.map { "\($0)" } ?? "nothing")")
        }
    }

    private mutating func problem(_ text: String) { problems.append(text) }
}
