internal import Records

/// The transaction coordinator of a ``SimulatedLog``: producers by transactional id, each with its epoch and its
/// open transaction.
final class SimulatedTransactions {
    struct Transaction {
        let number: UInt64
        let begunAt: EventTime
        var partitions: Set<TopicPartition> = []
        /// What becomes of each group's offsets with it.
        var offsets: [String: [TopicPartition: CommittedOffset]] = [:]
    }

    private struct Producer {
        var epoch = 0
        var open: Transaction?
    }

    private var producers: [String: Producer] = [:]
    private var lastNumber: UInt64 = 0
    /// Whether whoever had an id once may write for ever; for the tests of the tests.
    var ignoresEpochs = false

    /// Bumps the epoch of an id.
    ///
    /// - Returns: the epoch, and the transaction that has to be aborted.
    func takeOver(_ id: String) -> (epoch: Int, left: Transaction?) {
        var producer = producers[id] ?? Producer()
        producer.epoch += 1
        defer { producers[id] = producer }
        let left = producer.open
        producer.open = nil
        return (producer.epoch, left)
    }

    /// Changes the open transaction of an id, which begins with its first change.
    ///
    /// - Throws: `TransactionError` of remedy `.fenced` for an epoch that is past.
    func change<T>(
        _ id: String, epoch: Int, now: EventTime, _ body: (inout Transaction) throws -> T
    ) throws -> T {
        try check(id, epoch)
        var producer = producers[id] ?? Producer()
        if producer.open == nil {
            lastNumber += 1
            producer.open = Transaction(number: lastNumber, begunAt: now)
        }
        guard var transaction = producer.open else { throw SimulatedTransactions.fenced(id) }
        let result = try body(&transaction)
        producer.open = transaction
        producers[id] = producer
        return result
    }

    /// Ends the open transaction of an id; nil when there is none.
    func end(_ id: String, epoch: Int) throws -> Transaction? {
        try check(id, epoch)
        defer { producers[id]?.open = nil }
        return producers[id]?.open
    }

    /// The transactions that were begun before a time; their producers are fenced.
    func expire(before time: EventTime) -> [Transaction] {
        var expired: [Transaction] = []
        for (id, producer) in producers.sorted(by: { $0.key < $1.key }) {
            guard let open = producer.open, open.begunAt < time else { continue }
            expired.append(open)
            producers[id] = Producer(epoch: producer.epoch + 1, open: nil)
        }
        return expired
    }

    /// Whether an open transaction may change a group's offset of a partition.
    func isUnstable(_ partition: TopicPartition, of group: String) -> Bool {
        producers.values.contains { $0.open?.offsets[group]?[partition] != nil }
    }

    private func check(_ id: String, _ epoch: Int) throws {
        guard ignoresEpochs || producers[id]?.epoch == epoch else {
            throw SimulatedTransactions.fenced(id)
        }
    }

    private static func fenced(_ id: String) -> TransactionError {
        TransactionError(
            .fenced,
            DataflowError(
                .fenced, domain: .external, "another producer took \(id) over"))
    }
}
