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
        var isStopped = false
        var hasEnded = false
    }

    private let state = Mutex(State())
    private static let maximumProblems = 20

    /// What was seen, the count apart from what is counted.
    var counts: [WordTotal: Int] { state.withLock { $0.counts.mapValues(Int.init) } }
    /// What must not be.
    var problems: [String] { state.withLock { $0.problems } }

    func stop() {
        state.withLock { $0.isStopped = true }
        while !state.withLock({ $0.hasEnded }) { usleep(10_000) }
    }

    private func run(_ round: @escaping () throws -> Void, end: @escaping () -> Void) {
        while !state.withLock({ $0.isStopped }) {
            do {
                try round()
            } catch let error as DataflowError where error.retry != .never {
                usleep(50_000)
            } catch {
                // Both servers are down for a while: whoever reads comes again.
                usleep(50_000)
            }
        }
        end()
        state.withLock { $0.hasEnded = true }
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

    /// Reads committed records of the topic `word-counts` from its beginning.
    static func topic(_ configuration: KafkaConfiguration, partitions: Int32) -> TotalsWatch {
        let watch = TotalsWatch()
        Thread.detachNewThread {
            guard let reader = try? KafkaReader(configuration, KafkaReaderOptions(.byHand()))
            else { return watch.note("there is no reader") }
            let inputs = (0..<partitions).map {
                TopicPartition(topic: "word-counts", partition: $0)
            }
            for input in inputs { try? reader.assign([input: Offset(0)]) }
            var next: [TopicPartition: Offset] = [:]
            watch.run {
                for input in inputs {
                    _ = try reader.read(input, maximum: 1_024) { batch in
                        for record in batch.records {
                            if record.offset < next[input] ?? Offset(0) {
                                watch.note("\(input): \(record.offset) came again")
                            }
                            next[input] = record.offset.next
                            watch.see(try WordTotal(record: record), mayRepeat: false)
                        }
                    }
                }
                reader.wait(milliseconds: 20)
            } end: {
                reader.close()
            }
        }
        return watch
    }

    /// Reads the table `word_totals` again and again: no row goes away and none changes.
    static func table(_ url: String) -> TotalsWatch {
        let watch = TotalsWatch()
        Thread.detachNewThread {
            var connection: PostgresConnection?
            watch.run {
                if connection == nil {
                    connection = try PostgresConnection(try PostgresConfiguration(url))
                }
                do {
                    try watch.look(connection)
                } catch {
                    connection?.close()
                    connection = nil
                    throw error
                }
                usleep(50_000)
            } end: {
                connection?.close()
            }
        }
        return watch
    }

    private func look(_ connection: PostgresConnection?) throws {
        guard let connection else { return }
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
