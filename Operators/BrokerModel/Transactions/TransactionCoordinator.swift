internal import Records

/// The coordinator of transactions: who owns a transactional id, and how each transaction ends.
///
/// The rules are those of KIP-98 with the epoch handling of KIP-360. An outcome is decided when the
/// driver has kept the entry that says so; only then are markers written. The effects are to be
/// carried out in their order, and nothing behind a ``Effect/keep(_:)`` before that entry is as
/// durable as the broker promises.
package struct TransactionCoordinator: Sendable {
    /// The bounds of the coordinator.
    package struct Limits: Sendable {
        /// The longest timeout that a producer may ask for, in ms.
        package var timeout: Int64 = 900_000
        /// The transactional ids the coordinator keeps.
        package var transactions = 10_000
        /// The partitions that one transaction may write.
        package var partitions = 10_000

        package init() {}
    }

    /// What the driver has to do, in this order.
    package enum Effect: Sendable {
        /// The transaction is to be kept as it is now.
        case keep(Transaction)
        /// The outcome is to be written to all partitions and groups, and then reported with
        /// ``TransactionCoordinator/markersWritten(id:epoch:now:)``.
        case writeMarkers(Transaction, commit: Bool)
        /// The producer asked to end its transaction, and this is the answer.
        case ended(ReplyToken, ErrorCode)
        /// The transactional id is taken over, or is not.
        case initialised(ReplyToken, Result<ProducerIdentity, ErrorCode>)
    }

    /// A producer id and its epoch.
    package struct ProducerIdentity: Hashable, Sendable {
        package var producerID: Int64
        package var epoch: Int16

        package init(producerID: Int64, epoch: Int16) {
            self.producerID = producerID
            self.epoch = epoch
        }
    }

    package let limits: Limits
    package internal(set) var transactions: [String: Transaction] = [:]
    var byProducer: [Int64: String] = [:]
    /// The next producer id that nobody has.
    package internal(set) var nextProducerID: Int64 = 0
    var effects: [Effect] = []
    /// Requests that wait for the markers of their transaction.
    var waiting: [String: ReplyToken] = [:]

    package init(limits: Limits = Limits()) {
        self.limits = limits
    }

    /// What has to be done since the last call.
    package mutating func takeEffects() -> [Effect] {
        defer { effects = [] }
        return effects
    }

    // MARK: State that was kept

    /// Puts back a transaction that was kept.
    package mutating func restore(_ transaction: Transaction) {
        store(transaction)
        nextProducerID = max(nextProducerID, transaction.producerID + 1)
    }

    /// Puts back the first producer id that nobody has.
    package mutating func restore(nextProducerID: Int64) {
        self.nextProducerID = max(self.nextProducerID, nextProducerID)
    }

    /// Goes on with the transactions that were decided and not ended when the broker stopped.
    package mutating func resume() {
        for id in transactions.keys.sorted() {
            guard let transaction = transactions[id] else { continue }
            switch transaction.state {
            case .prepareCommit: effects.append(.writeMarkers(transaction, commit: true))
            case .prepareAbort: effects.append(.writeMarkers(transaction, commit: false))
            default: break
            }
        }
    }

    mutating func store(_ transaction: Transaction) {
        if let old = transactions[transaction.id], old.producerID != transaction.producerID {
            byProducer[old.producerID] = nil
        }
        byProducer[transaction.producerID] = transaction.id
        transactions[transaction.id] = transaction
    }

    mutating func keep(_ transaction: Transaction) {
        store(transaction)
        effects.append(.keep(transaction))
    }

    mutating func newProducerID() -> Int64 {
        defer { nextProducerID += 1 }
        return nextProducerID
    }

    // MARK: Time

    /// The next time at which ``tick(now:)`` has something to do.
    package var nextDeadline: Int64? {
        transactions.values.filter { $0.state == .ongoing }.map { $0.started + $0.timeout }.min()
    }

    /// Aborts transactions that are past their timeout; their producers are fenced.
    package mutating func tick(now: Int64) {
        for id in transactions.keys.sorted() {
            guard var transaction = transactions[id], transaction.state == .ongoing,
                transaction.started + transaction.timeout <= now
            else { continue }
            fence(&transaction)
            decide(&transaction, commit: false, now: now)
        }
    }

    /// Shuts out the present owner of the id.
    func fence(_ transaction: inout Transaction) {
        // The last epoch is reserved for this, so that a fence is always possible.
        if transaction.epoch < .max { transaction.epoch += 1 }
        transaction.lastEpoch = -1
    }

    /// Decides the outcome.
    mutating func decide(_ transaction: inout Transaction, commit: Bool, now: Int64) {
        transaction.state = commit ? .prepareCommit : .prepareAbort
        transaction.updated = now
        keep(transaction)
        effects.append(.writeMarkers(transaction, commit: commit))
    }

    /// The markers of a decided transaction stand in all its partitions.
    package mutating func markersWritten(id: String, epoch: Int16, now: Int64) {
        guard var transaction = transactions[id], transaction.epoch == epoch else { return }
        switch transaction.state {
        case .prepareCommit: transaction.state = .completeCommit
        case .prepareAbort: transaction.state = .completeAbort
        default: return
        }
        transaction.partitions = []
        transaction.groups = []
        transaction.started = -1
        transaction.updated = now
        keep(transaction)
        if let token = waiting.removeValue(forKey: id) {
            effects.append(.ended(token, .none))
        }
    }
}
