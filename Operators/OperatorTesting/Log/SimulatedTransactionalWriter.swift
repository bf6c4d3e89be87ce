public import Records

/// Appends to a ``SimulatedLog`` in transactions, as the bearer of a transactional id.
public final class SimulatedTransactionalWriter: TransactionalWriter {
    private let log: SimulatedLog
    private let id: String
    private let epoch = Epoch()
    /// What was written and not sent.
    let queue: SimulatedWriter
    private var isOpen = false
    private var isFatal = false
    /// Whether something of the open transaction was refused.
    private var hasFailed = false

    /// Shared with the closure that appends.
    private final class Epoch {
        var value = -1
    }

    init(_ log: SimulatedLog, id: String) {
        self.log = log
        self.id = id
        let epoch = epoch
        queue = SimulatedWriter(log) { record, partition in
            try log.append(record, to: partition, as: id, epoch: epoch.value)
        }
    }

    // MARK: Transactions

    /// Takes the transactional id over.
    public func takeOver() throws {
        try checkUsable()
        if strikes(.takeOverRefused, 6) { throw SimulatedTransactionalWriter.retriable }
        epoch.value = log.takeOver(id)
    }

    /// Begins a transaction.
    public func begin() throws {
        try checkUsable()
        guard epoch.value >= 0, !isOpen else { throw outOfTurn }
        isOpen = true
        hasFailed = false
    }

    /// Makes offsets part of the transaction.
    public func send(
        _ offsets: [TopicPartition: CommittedOffset], as identity: any GroupIdentity
    ) throws {
        try checkUsable()
        guard isOpen else { throw outOfTurn }
        guard let identity = identity as? SimulatedIdentity else {
            throw DataflowError(.invariant, domain: .internal, "the identity is another log's")
        }
        if strikes(.offsetsRefused, 10) { throw SimulatedTransactionalWriter.retriable }
        if strikes(.offsetsLost, 12) { throw lost() }
        try log.send(offsets, as: identity, id: id, epoch: epoch.value)
    }

    /// Sends what waits and commits.
    public func commit() throws {
        try checkUsable()
        guard isOpen else { throw outOfTurn }
        while queue.hasWaiting { sendOne() }
        if hasFailed { throw TransactionError(.abortable, Self.failure("a record was refused")) }
        if log.isFull || strikes(.commitRefused, 8) { throw SimulatedTransactionalWriter.retriable }
        if strikes(.commitLost, 12) { throw lost() }
        try log.end(id, epoch: epoch.value, isCommitted: true)
        if strikes(.commitUnheard, 12) { throw lost() }
        isOpen = false
    }

    /// Drops what waits and aborts.
    public func abort() throws {
        try checkUsable()
        guard isOpen else { throw outOfTurn }
        queue.discard()
        if strikes(.abortLost, 4) { throw lost() }
        try log.end(id, epoch: epoch.value, isCommitted: false)
        isOpen = false
        hasFailed = false
    }

    // MARK: LogWriter

    /// The most bytes of a record.
    public func recordBound(of topic: String) -> Int { queue.recordBound(of: topic) }
    /// How many partitions a topic has.
    public func partitionCount(of topic: String) throws -> Int32 {
        try queue.partitionCount(of: topic)
    }

    /// Takes a batch into the open transaction.
    public func write(_ batch: OutputBatch, token: UInt64) throws {
        try checkUsable()
        guard isOpen else { throw outOfTurn.error }
        try queue.write(batch, token: token)
    }

    /// Sends the oldest batch that waits.
    func sendOne() {
        queue.sendOne()
        if queue.failure != nil { hasFailed = true }
    }

    /// The fates that became known; sends nothing.
    public func poll() -> [DeliveryReport] { queue.takeReports() }

    /// Sends everything.
    public func flush(timeoutMilliseconds: Int) throws {
        while queue.hasWaiting { sendOne() }
        if let failure = queue.failure { throw failure }
    }

    /// Forgets what is not sent; what is stays open until it is timed out or the id is taken over.
    public func close() {
        isFatal = true
        queue.close()
    }

    // MARK: Faults

    private func strikes(_ fault: Fault, _ chances: UInt64) -> Bool {
        log.faults?.strikes(fault, oneIn: chances) ?? false
    }

    private func checkUsable() throws {
        if isFatal {
            throw TransactionError(.fatal, Self.failure("the producer is out of use"))
        }
    }

    private func lost() -> TransactionError {
        isFatal = true
        return TransactionError(.fatal, Self.failure("nobody answered; it may have happened"))
    }

    private static var retriable: TransactionError {
        TransactionError(.retriable, failure("the coordinator is busy"))
    }

    private var outOfTurn: TransactionError {
        TransactionError(
            .fatal, DataflowError(.invariant, domain: .internal, "a step out of turn"))
    }

    private static func failure(_ what: String) -> DataflowError {
        DataflowError(.logUnavailable, domain: .external, what)
    }
}
