package import Records

/// A log writer without transactions that outlives its clients.
///
/// A client whose sequence numbers are out of step with a broker's never writes again, and one whose cluster has
/// refused records for their size puts too many into a batch. It is closed, what it had not acknowledged is reported
/// as failed, and another takes its place with the next write or question, which knows what topics take by now.
/// Nothing is known then of what the first has written, so a record may stand in the log twice, as whenever a report
/// is lost.
package final class RenewedWriter: LogWriter {
    private let make: () throws -> KafkaWriter
    private var writer: KafkaWriter?
    /// What became of the batches of clients that were closed.
    private var reports: [DeliveryReport] = []
    /// Why the last of those was closed, as long as nobody has taken its reports.
    private var loss: DataflowError?
    private var renewedAt: ContinuousClock.Instant?
    private var closed = false
    /// How many clients have taken another's place.
    package private(set) var renewals = 0

    /// The least time between one client that takes another's place and the next: starting one costs threads and
    /// connections, and a cluster that refuses the last refuses this one, too.
    package static let restBetweenRenewals = Duration.seconds(1)

    /// Starts the first client.
    package init(_ make: @escaping () throws -> KafkaWriter) throws {
        self.make = make
        writer = try make()
    }

    deinit { close() }

    package func partitionCount(of topic: String) throws -> Int32 {
        try client(isHurried: true).partitionCount(of: topic)
    }

    package func recordBound(of topic: String) -> Int {
        // A client that can't be made now is told of when something is written.
        (try? client(isHurried: true))?.recordBound(of: topic) ?? .max
    }

    package func write(_ batch: OutputBatch, token: UInt64) throws {
        retireIfUseless()
        // What was lost has to be known before anything is written behind it.
        if let loss { throw loss }
        try client().write(batch, token: token)
    }

    package func poll() -> [DeliveryReport] {
        let known = writer?.poll() ?? []
        if known.contains(where: { $0.error != nil }) { retireIfUseless() }
        defer {
            reports = []
            loss = nil
        }
        return known + reports
    }

    package func flush(timeoutMilliseconds: Int) throws {
        try writer?.flush(timeoutMilliseconds: timeoutMilliseconds)
        if let loss { throw loss }
    }

    package func close() {
        closed = true
        writer?.close()
        writer = nil
    }

    /// Closes a client that can't go on.
    private func retireIfUseless() {
        guard let old = writer, let reason = RenewedWriter.reason(toReplace: old) else { return }
        let left = old.close(failing: reason)
        writer = nil
        reports += left
        loss = loss ?? left.lazy.compactMap(\.error).first
    }

    private static func reason(toReplace writer: KafkaWriter) -> DataflowError? {
        if let fatal = writer.fatal { return fatal }
        guard writer.mustBeReplaced else { return nil }
        return DataflowError(
            .logUnavailable, domain: .external, retry: .restart,
            "the client was replaced, as a topic takes less than it did")
    }

    /// The client, or another in its place.
    ///
    /// - Parameter isHurried: whether that is made at once: who builds a task has waited before.
    private func client(isHurried: Bool = false) throws -> KafkaWriter {
        retireIfUseless()
        if let writer { return writer }
        guard !closed else {
            throw DataflowError(.invariant, domain: .internal, "the kafka writer is closed")
        }
        let now = ContinuousClock.now
        if !isHurried, let renewedAt, now - renewedAt < RenewedWriter.restBetweenRenewals {
            throw DataflowError(
                .logUnavailable, domain: .external, retry: .backoff,
                "the client can't go on, as the one before; another is made in a moment")
        }
        let made = try make()
        renewedAt = now
        renewals += 1
        writer = made
        return made
    }
}
