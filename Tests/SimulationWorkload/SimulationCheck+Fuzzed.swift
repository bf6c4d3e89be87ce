internal import OperatorTesting
internal import Records
internal import Runtime
internal import State

/// What a graph that a seed has put together must publish.
extension SimulationCheck {
    mutating func fuzzed(_ graph: FuzzedGraph) throws {
        let taken = graph.taken(oracle.events)
        let fitting = taken.filter { !FuzzedGraph.isTooLarge($0) }
        let tooLarge = taken.filter(FuzzedGraph.isTooLarge).map(\.happenedAt)
        for writer in graph.writers {
            bag(
                times(ofLettersIn: "fuzzed.dead-letters", by: writer), tooLarge,
                "what is too large for \(writer)")
        }
        if graph.publishes { try copies(fitting, graph) }
        if graph.rows != .none { singleRows(fitting) }
        let counts = graph.counts(oracle.events)
        if graph.publishesCounts { try published(counts) }
        if graph.hasTallies { tallied(graph.tallies(oracle.events)) }
    }

    /// The topic of single events: all that fit, per user in the order of their branch.
    private mutating func copies(_ fitting: [Event], _ graph: FuzzedGraph) throws {
        let copies = try harness.records(of: "copies", as: Parcel.self).map(\.event)
        recordsChecked += copies.count
        bag(copies, fitting, "a copy")
        guard promise == .exactlyOnce else { return }
        for isLarge in graph.isBranched ? [false, true] : [false] {
            func isOfBranch(_ event: Event) -> Bool {
                !graph.isBranched || (event.amount >= 100) == isLarge
            }
            compareCopies(copies.filter(isOfBranch), fitting.filter(isOfBranch))
        }
    }

    /// The table of single events: those that fit and are not refused; the refused are dead letters.
    private mutating func singleRows(_ fitting: [Event]) {
        let rows = harness.rows(of: FuzzedGraph.table.name)
        recordsChecked += rows.count
        bag(
            rows,
            fitting.filter(isAccepted).map {
                [.integer($0.user), .integer($0.happenedAt.milliseconds)]
            }, "a row")
        bag(
            times(inLettersOf: "rows"), fitting.filter { !isAccepted($0) }.map(\.happenedAt),
            "a refused event")
    }

    /// The topic of counts: each number of each kind, in order.
    private mutating func published(_ counts: [Int64: Int64]) throws {
        let totals = try harness.records(of: "counts", as: Total.self)
        recordsChecked += totals.count
        let byKind = Dictionary(
            grouping: zip(totals, harness.writers(of: "counts")), by: \.0.kind)
        for kind in Set(byKind.keys).union(counts.keys).sorted() {
            let got = byKind[kind] ?? []
            let wanted = Array(1..<(counts[kind] ?? 0) + 1)
            let numbers = got.map(\.0.count)
            switch promise {
            case .exactlyOnce:
                for way in SimulationCheck.ways(numbers, wanted) {
                    problem(way, "kind \(kind), \(way): \(numbers), not \(wanted)")
                }
            case .atLeastOnce:
                if !Set(numbers).isSuperset(of: wanted) {
                    problem(.lost, "kind \(kind): \(numbers), not \(wanted)")
                }
            case .atMostOnce:
                atMostOnce(got.map { ($0.count, $1) }, "kind \(kind)")
                if numbers.max() ?? 0 > wanted.count { problem(.doubled, "kind \(kind) has more") }
            }
        }
    }

    /// The table of counted counts: the last number of each rest that is not refused; the refused are dead letters.
    private mutating func tallied(_ tallies: [Int64: Int64]) {
        func totals(_ rest: Int64, _ count: Int64) -> [Total] {
            (1..<count + 1).map { Total(kind: rest, start: 0, count: $0, sum: $0) }
        }
        let wanted = tallies.sorted { $0.key < $1.key }.flatMap { totals($0.key, $0.value) }
        if promise == .exactlyOnce { return kept(wanted, by: "tallies") }
        // Of a delivery that is not exact nobody knows how many came; what came is told by rows and letters together.
        let letters = self.totals(inLettersOf: "tallies")
        var known = harness.tableTotals()
        for letter in letters where letter.count > known[letter.cell]?.count ?? 0 {
            known[letter.cell] = letter
        }
        let last = Dictionary(wanted.map { ($0.cell, $0) }) { $1 }
        switch promise {
        case .atLeastOnce: compare(known, last, "tally") { $0.count >= $1.count }
        default: for total in known.values { atMost(total, last[total.cell]) }
        }
        kept(known.values.flatMap { totals($0.kind, $0.count) }, by: "tallies")
    }
}
