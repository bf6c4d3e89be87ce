internal import OperatorTesting
internal import Records
internal import Runtime
internal import State

/// What a database or a topic has refused: dead letters, once, and nothing of their neighbours.
extension SimulationCheck {
    /// Whether the database takes the row of an event.
    func isAccepted(_ event: Event) -> Bool { !item.refusesRows || !Refusal.isRefused(event) }

    private func isAccepted(_ total: Total) -> Bool {
        !item.refusesRows || !Refusal.isRefused(total)
    }

    /// Checks a table that commits with its input: the last row of each cell that was accepted is there, and all that
    /// were refused are dead letters, each once, whatever the delivery.
    mutating func kept(_ totals: [Total], by writer: String) {
        var last: Totals = [:]
        for total in totals where isAccepted(total) { last[total.cell] = total }
        compare(harness.tableTotals(), last, "row") { $0 == $1 }
        bag(
            self.totals(inLettersOf: writer), totals.filter { !isAccepted($0) }, "a refused row",
            under: .exactlyOnce)
    }

    /// Checks rows and letters of totals that are each published once.
    mutating func refused(_ wanted: [Total], _ letters: [Total], _ rows: [Total]) {
        if promise == .exactlyOnce {
            bag(letters, wanted.filter { !isAccepted($0) }, "a refused total")
        }
        if letters.contains(where: isAccepted) { problem(.wrong, "a good total is a dead letter") }
        if rows.contains(where: { !isAccepted($0) }) { problem(.wrong, "a refused total is a row") }
    }

    /// Compares things each of which is to be there once, in any order.
    mutating func bag<Element: Hashable>(
        _ got: [Element], _ wanted: [Element], _ what: String, under delivery: Delivery? = nil
    ) {
        var ways = SimulationCheck.ways(got, wanted, isOrdered: false)
        switch delivery ?? promise {
        case .exactlyOnce: break
        case .atLeastOnce: ways.removeAll { $0 == .doubled }
        case .atMostOnce: ways.removeAll { $0 == .lost }
        }
        for way in ways {
            problem(way, "\(what) is \(way): \(got.count) of \(wanted.count) are there")
        }
    }

    // MARK: Letters

    private static let letters = "millrace.dead_letters"

    private func rows(ofLettersOf writer: String) -> [[TableValue]] {
        harness.rows(of: SimulationCheck.letters).filter { $0[1] == .text(writer) }
    }

    /// The totals that the table of dead letters holds of an operator, as records or as rows.
    func totals(inLettersOf writer: String) -> [Total] {
        rows(ofLettersOf: writer).compactMap { letter in
            guard case .bytes(let bytes) = letter[9] else { return nil }
            return (try? Total(decoding: bytes)) ?? Total(json: bytes)
        }
    }

    /// The event times of an operator's letters in the table.
    func times(inLettersOf writer: String) -> [EventTime] {
        rows(ofLettersOf: writer).compactMap { letter in
            if case .time(let time) = letter[7] { time } else { nil }
        }
    }

    /// The event times of an operator's letters in the topic.
    func times(ofLettersIn topic: String, by writer: String) -> [EventTime] {
        harness.driver.log.records(of: topic)
            .filter { $0.headers.contains(RecordHeader("millrace.operator", writer)) }
            .map(\.timestamp)
    }
}

extension Total {
    /// A row as dead letters tell it.
    fileprivate init?(json: [UInt8]) {
        let numbers = json.split {
            !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) && $0 != UInt8(ascii: "-")
        }
        .compactMap { Int64(String(decoding: $0, as: UTF8.self)) }
        guard numbers.count == 4 else { return nil }
        self.init(kind: numbers[0], start: numbers[1], count: numbers[2], sum: numbers[3])
    }
}
