internal import OperatorTesting
internal import Runtime
internal import State

/// Compares what a case has published with what the oracle says, under the promise of its delivery.
struct SimulationCheck {
    let item: SimulationCase
    let harness: PipelineHarness
    let oracle: ReferenceInterpreter
    private(set) var problems: [SimulationProblem] = []
    private(set) var recordsChecked = 0

    init(_ item: SimulationCase, _ harness: PipelineHarness, _ oracle: ReferenceInterpreter) {
        self.item = item
        self.harness = harness
        self.oracle = oracle
    }

    /// Where nothing goes wrong, each delivery is exact.
    private var promise: Delivery { item.faults == 0 ? .exactlyOnce : item.delivery }

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
        switch promise {
        case .exactlyOnce: exactly(published, table, wanted)
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
                problem(
                    before == total ? .doubled : .wrong,
                    "\(total) was published behind \(before)")
            }
            last[total.cell] = total
        }
        compare(last, wanted, "total") { $0 == $1 }
        compare(table, wanted, "row") { $0 == $1 }
        if item.subject == .windows, published.count != wanted.count {
            problem(
                published.count > wanted.count ? .doubled : .lost,
                "\(published.count) totals were published, not \(wanted.count)")
        }
    }

    private mutating func sequences(withTimes: Bool) throws {
        let published = try harness.records(of: "totals", as: Total.self)
        recordsChecked += published.count
        let byUser = Dictionary(grouping: published, by: \.kind)
        for user in byUser.keys.sorted() where oracle.userSums[.init(kind: user, start: 0)] == nil {
            problem(.wrong, "there is no user \(user)")
        }
        for (user, wanted) in oracle.sequences(withTimes: withTimes).sorted(by: { $0.key < $1.key })
        {
            // With their times they have keys of their own, and so no order among each other.
            var got = byUser[user] ?? []
            if withTimes { got.sort { $0.count < $1.count } }
            switch promise {
            case .exactlyOnce:
                for kind in SimulationCheck.ways(got, wanted) {
                    problem(
                        kind,
                        "user \(user), \(kind): \(got.map(\.count)), not \(wanted.map(\.count))")
                }
            case .atLeastOnce:
                for total in wanted where !got.contains(total) {
                    problem(.lost, "user \(user): \(total.count) is missing")
                }
                // What is published again is what was published.
                if !Set(got).isSubset(of: wanted) { problem(.wrong, "user \(user): invented") }
            case .atMostOnce:
                let places = got.map { wanted.firstIndex(of: $0) ?? -1 }
                if places.contains(-1) || zip(places, places.dropFirst()).contains(where: >=) {
                    problem(
                        Set(got).count < got.count ? .doubled : .wrong,
                        "user \(user): \(got.map(\.count)) repeats or invents")
                }
            }
        }
    }

    private mutating func seams() throws {
        let table = harness.tableTotals()
        let copies = try harness.records(of: "copies", as: Event.self)
        recordsChecked += copies.count
        switch promise {
        case .exactlyOnce:
            compare(table, oracle.seamTotals, "row") { $0 == $1 }
            if harness.latest() != oracle.latest {
                problem(.wrong, "the latest times differ")
            }
            // A union of branches keeps the order of each branch, not the one they had together.
            for isLarge in [false, true] {
                compareCopies(
                    copies.filter { ($0.amount >= 100) == isLarge },
                    oracle.copies.filter { ($0.amount >= 100) == isLarge })
            }
        case .atLeastOnce:
            compare(table, oracle.seamTotals, "row") { $0.count >= $1.count && $0.sum >= $1.sum }
            if Set(harness.latest().keys) != Set(oracle.latest.keys) {
                problem(.lost, "a user has no latest time")
            }
            if !Set(copies).isSuperset(of: oracle.copies) {
                problem(.lost, "a copy is missing")
            }
        case .atMostOnce:
            for total in table.values.sorted(by: { $0.start < $1.start }) {
                atMost(total, oracle.seamTotals[total.cell])
            }
            if Set(copies).count != copies.count { problem(.doubled, "a copy is doubled") }
        }
    }

    private mutating func compareCopies(_ copies: [Event], _ wanted: [Event]) {
        let got = Dictionary(grouping: copies, by: \.user)
        let oracle = Dictionary(grouping: wanted, by: \.user)
        for user in Set(got.keys).union(oracle.keys).sorted() {
            for kind in SimulationCheck.ways(got[user] ?? [], oracle[user] ?? []) {
                problem(kind, "copies of user \(user) are \(kind)")
            }
        }
    }

    // MARK: Comparing

    /// In which ways a sequence is not the one that it should be.
    static func ways<Element: Hashable>(
        _ got: [Element], _ wanted: [Element]
    ) -> [SimulationProblem.Kind] {
        if got == wanted { return [] }
        func counts(_ elements: [Element]) -> [Element: Int] {
            Dictionary(elements.map { ($0, 1) }, uniquingKeysWith: +)
        }
        let (has, needs) = (counts(got), counts(wanted))
        var ways: [SimulationProblem.Kind] = []
        if needs.contains(where: { has[$0.key, default: 0] < $0.value }) { ways.append(.lost) }
        if has.contains(where: { (1..<$0.value).contains(needs[$0.key, default: 0]) }) {
            ways.append(.doubled)
        }
        if has.contains(where: { needs[$0.key] == nil }) { ways.append(.wrong) }
        // The same elements in another order.
        return ways.isEmpty ? [.wrong] : ways
    }

    private mutating func compare(
        _ got: Totals, _ wanted: Totals, _ what: String, _ isRight: (Total, Total) -> Bool
    ) {
        recordsChecked += got.count
        problems += compareTotals(what, got, wanted, isRight)
    }

    private mutating func atMost(_ total: Total, _ wanted: Total?) {
        guard total.count <= wanted?.count ?? 0, total.sum <= wanted?.sum ?? 0 else {
            return problem(
                wanted == nil ? .wrong : .doubled,
                "\(total) is more than \(wanted.map { "\($0)" } ?? "nothing")")
        }
    }

    private mutating func problem(_ kind: SimulationProblem.Kind, _ text: String) {
        problems.append(SimulationProblem(kind, text))
    }
}
