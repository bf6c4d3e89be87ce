import Foundation
import KafkaClient
import PostgresClient
import Records
import Synchronization
import WordCount

/// Looks at what is published all the while: a reader of committed records, or one of the table.
final class TotalsWatch: Sendable {
    private struct State {
        var counts: [WordTotal: UInt64] = [:]
        var problems: [String] = []
        /// Where the topic is read on, by whoever reads it.
        var next: [TopicPartition: Offset] = [:]
        /// The newest window of each word, partition by partition.
        var newest: [TopicPartition: [String: EventTime]] = [:]
        var lastError = ""
        /// How often it has looked to the end.
        var looks = 0
        var isStopped = false
        var hasEnded = false
    }

    private let state = Mutex(State())
    private static let maximumProblems = 20

    /// What was seen, the count apart from what is counted.
    var counts: [WordTotal: Int] { state.withLock { $0.counts.mapValues(Int.init) } }
    /// What must not be.
    var problems: [String] { state.withLock { $0.problems } }
    /// How often it has looked to the end.
    var looks: Int { state.withLock { $0.looks } }
    /// Why it could not look, the last time that it could not.
    var lastError: String { state.withLock { $0.lastError } }

    func stop() {
        state.withLock { $0.isStopped = true }
        while !state.withLock({ $0.hasEnded }) { usleep(10_000) }
    }

    /// Looks again and again on a thread of its own, with another client after each error: servers are down for a
    /// while, and whoever reads comes again.
    private static func start<Client>(
        _ open: @escaping @Sendable (TotalsWatch) throws -> Client,
        close: @escaping @Sendable (Client) -> Void,
        look: @escaping @Sendable (TotalsWatch, Client) throws -> Void
    ) -> TotalsWatch {
        let watch = TotalsWatch()
        Thread.detachNewThread {
            defer { watch.state.withLock { $0.hasEnded = true } }
            var client: Client?
            while !watch.state.withLock({ $0.isStopped }) {
                do {
                    let present = try client ?? open(watch)
                    client = present
                    try look(watch, present)
                    watch.state.withLock { $0.looks += 1 }
                } catch {
                    watch.state.withLock { $0.lastError = "\(error)" }
                    if let client { close(client) }
                    client = nil
                    usleep(50_000)
                }
            }
            if let client { close(client) }
        }
        return watch
    }

    private func note(_ problem: String) {
        state.withLock { state in
            if state.problems.count < TotalsWatch.maximumProblems { state.problems.append(problem) }
        }
    }

    /// Takes a total in; one that was seen before must be the same, and may come again only in a table.
    private func see(_ total: WordTotal, mayRepeat: Bool) {
        var key = total
        key.count = 0
        let before = state.withLock { $0.counts.updateValue(total.count, forKey: key) }
        guard let before, before != total.count || !mayRepeat else { return }
        note("\(total.word) at \(total.windowStart): \(before), then \(total.count)")
    }

    // MARK: The topic

    /// Reads committed records of the topic `word-counts` from its beginning.
    static func topic(_ configuration: KafkaConfiguration, partitions: Int32) -> TotalsWatch {
        start { watch in
            let reader = try KafkaReader(configuration, KafkaReaderOptions(.byHand()))
            do {
                for number in 0..<partitions {
                    let input = TopicPartition(topic: "word-counts", partition: number)
                    let next = watch.state.withLock { $0.next[input] }
                    try reader.assign([input: next ?? Offset(0)])
                }
            } catch {
                reader.close()
                throw error
            }
            return reader
        } close: {
            $0.close()
        } look: { watch, reader in
            for number in 0..<partitions {
                let input = TopicPartition(topic: "word-counts", partition: number)
                _ = try reader.read(input, maximum: 1_024) { batch in
                    for record in batch.records { try watch.see(record, of: input) }
                }
            }
            reader.wait(milliseconds: 20)
        }
    }

    private func see(_ record: RecordView, of input: TopicPartition) throws {
        let total = try WordTotal(record: record)
        let (next, newest) = state.withLock { state in
            (
                state.next.updateValue(record.offset.next, forKey: input),
                state.newest[input, default: [:]].updateValue(
                    total.windowStart, forKey: total.word)
            )
        }
        if let next, record.offset < next { note("\(input): \(record.offset) came again") }
        if let newest, total.windowStart <= newest {
            note("\(input): \(total.word) at \(total.windowStart) came behind \(newest)")
        }
        see(total, mayRepeat: false)
    }

    // MARK: The table

    /// Reads the table `word_totals` again and again: no row goes away and none changes.
    static func table(_ url: String) -> TotalsWatch {
        start { _ in
            try PostgresConnection(try PostgresConfiguration(url))
        } close: {
            $0.close()
        } look: { watch, connection in
            try watch.look(connection)
            usleep(50_000)
        }
    }

    private func look(_ connection: PostgresConnection) throws {
        let rows = try connection.query(
            "SELECT word, (extract(epoch FROM window_start) * 1000)::bigint, total"
                + " FROM word_totals")
        let known = counts.count
        if rows.count < known { note("\(rows.count) rows are left of \(known)") }
        for row in rows {
            see(
                WordTotal(
                    word: try row.value(0, as: String.self),
                    windowStart: EventTime(milliseconds: try row.value(1, as: Int64.self)),
                    count: UInt64(try row.value(2, as: Int64.self))), mayRepeat: true)
        }
    }
}
