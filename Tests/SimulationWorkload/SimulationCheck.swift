internal import OperatorTesting
internal import Runtime
internal import State

/// Compares what a case has published with what the oracle says, under the promise of its delivery.
struct SimulationCheck {
    let item: SimulationCase
    let harness: PipelineHarness
    let oracle: ReferenceInterpreter
    /// Whether somebody was taken for dead who was not.
    let wasTakenForDead: Bool
    private(set) var problems: [SimulationProblem] = []
    var recordsChecked = 0

    init(
        _ item: SimulationCase, _ harness: PipelineHarness, wasTakenForDead: Bool
    ) {
        self.item = item
        self.harness = harness
        oracle = ReferenceInterpreter(events: item.input)
        self.wasTakenForDead = wasTakenForDead
    }

    /// Where nothing goes wrong, each delivery is exact; a blocked task is tried again and again.
    var promise: Delivery {
        item.faults == 0 && item.subject != .blocked ? .exactlyOnce : item.delivery
    }

    mutating func run() throws {
        switch item.subject {
        case .windows, .early: try windows()
        case .sums:
            // Rows and offsets are one transaction under every delivery.
            let sums = oracle.sequences(withTimes: false).sorted { $0.key < $1.key }
            kept(sums.flatMap(\.value), by: "sums")
        case .running, .blocked: try sequences(withTimes: false)
        case .delayed: try sequences(withTimes: true)
        case .seams: try seams()
        case .fuzzed: try fuzzed(item.graph)
        }
    }

    // MARK: Pipelines

    private mutating func windows() throws {
        let published = try harness.records(of: "totals", as: Total.self)
        let wanted = oracle.windowTotals
        switch promise {
        case .exactlyOnce: exactly(published, wanted)
        case .atLeastOnce:
            compare(try harness.largestTotals(), wanted, "total") {
                $0.count >= $1.count && $0.sum >= $1.sum
            }
        case .atMostOnce: for total in published { atMost(total, wanted[total.cell]) }
        }
        // The table is a function of the topic, whatever the topic says.
        kept(published, by: "totals-table")
        recordsChecked += published.count
    }

    /// Each total is the oracle's, and nothing was published twice.
    private mutating func exactly(_ published: [Total], _ wanted: Totals) {
        var last: Totals = [:]
        var repetitions = 0
        for total in published {
            if let before = last[total.cell], before.count > total.count || before == total {
                repetitions += 1
                problem(
                    before == total ? .doubled : .wrong,
                    "\(total) was published behind \(before)", isRepetition: true)
            }
            last[total.cell] = total
        }
        compare(last, wanted, "total") { $0 == $1 }
        if item.subject == .windows, item.isBounded, published.count != wanted.count {
            problem(
                published.count > wanted.count ? .doubled : .lost,
                "\(published.count) totals were published, not \(wanted.count)",
                isRepetition: published.count - wanted.count <= repetitions)
        }
    }

    private mutating func sequences(withTimes: Bool) throws {
        let published = try harness.records(of: "totals", as: Total.self)
        let writers = harness.writers(of: "totals")
        recordsChecked += published.count
        let byUser = Dictionary(grouping: zip(published, writers), by: \.0.kind)
        for user in byUser.keys.sorted() where oracle.userSums[.init(kind: user, start: 0)] == nil {
            problem(.wrong, "there is no user \(user)")
        }
        for (user, wanted) in oracle.sequences(withTimes: withTimes).sorted(by: { $0.key < $1.key })
        {
            // With their times they have keys of their own, and so no order among each other.
            var all = byUser[user] ?? []
            if withTimes { all.sort { $0.0.count < $1.0.count } }
            let got = all.map(\.0)
            switch promise {
            case .exactlyOnce:
                for kind in SimulationCheck.ways(got, wanted) {
                    problem(
                        kind,
                        "user \(user), \(kind): \(got.map(\.count)), not \(wanted.map(\.count))",
                        isRepetition: kind == .doubled)
                }
            case .atLeastOnce:
                for total in wanted where !got.contains(total) {
                    problem(.lost, "user \(user): \(total.count) is missing")
                }
                // What is published again is what was published.
                if !Set(got).isSubset(of: wanted) { problem(.wrong, "user \(user): invented") }
            case .atMostOnce:
                if !Set(got).isSubset(of: wanted) { problem(.wrong, "user \(user): invented") }
                atMostOnce(all.map { ($0.count, $1) }, "user \(user)")
            }
        }
    }

    /// Checks numbers that grow: none may be there twice, and each worker's are in order; all together are, too, unless
    /// somebody was taken for dead behind its commit, who writes late, and nothing fences it.
    mutating func atMostOnce(_ numbers: [(number: Int64, writer: Int)], _ whose: String) {
        let all = numbers.map(\.number)
        if Set(all).count < all.count { problem(.doubled, "\(whose): \(all) repeats") }
        let runs =
            wasTakenForDead
            ? Array(Dictionary(grouping: numbers, by: \.writer).values) : [numbers]
        let isInOrder = runs.allSatisfy { run in
            zip(run, run.dropFirst()).allSatisfy { $0.number <= $1.number }
        }
        if !isInOrder { problem(.wrong, "\(whose): \(all) is out of order") }
    }

    private mutating func seams() throws {
        let copies = try harness.records(of: "copies", as: Event.self)
        recordsChecked += copies.count
        // Each total is published once, so that one that was refused is its letter.
        let rows = harness.tableTotals()
        let letters = totals(inLettersOf: "totals")
        let table = rows.merging(letters.map { ($0.cell, $0) }) { row, _ in row }
        refused(Array(oracle.seamTotals.values), letters, Array(rows.values))
        switch promise {
        case .exactlyOnce:
            compare(table, oracle.seamTotals, "row") { $0 == $1 }
            if harness.latest() != oracle.latest(accepting: isAccepted) {
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
            if Set(harness.latest().keys) != Set(oracle.latest(accepting: isAccepted).keys) {
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
        bag(
            times(inLettersOf: "latest"),
            oracle.events.filter { !isAccepted($0) }.map(\.happenedAt), "a refused time")
    }

    mutating func compareCopies(_ copies: [Event], _ wanted: [Event]) {
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
        _ got: [Element], _ wanted: [Element], isOrdered: Bool = true
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
        return ways.isEmpty && isOrdered ? [.wrong] : ways
    }

    mutating func compare(
        _ got: Totals, _ wanted: Totals, _ what: String, _ isRight: (Total, Total) -> Bool
    ) {
        recordsChecked += got.count
        problems += compareTotals(what, got, wanted, isRight)
    }

    mutating func atMost(_ total: Total, _ wanted: Total?) {
        guard total.count <= wanted?.count ?? 0, total.sum <= wanted?.sum ?? 0 else {
            return problem(
                wanted == nil ? .wrong : .doubled,
                "\(total) is more than \(wanted.map { "\($0)" } ?? "nothing")")
        }
    }

    mutating func problem(
        _ kind: SimulationProblem.Kind, _ text: String, isRepetition: Bool = false
    ) {
        problems.append(SimulationProblem(kind, text, isRepetition: isRepetition))
    }
}
