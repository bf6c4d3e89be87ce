// What producers ask.

extension TransactionCoordinator {
    /// A producer wants an id, or claims a transactional id; the answer is an effect.
    ///
    /// - Parameter version: the version of the request; from 3 on a producer names the id and
    ///   epoch that it had (KIP-360), from 4 on it understands PRODUCER_FENCED (KIP-588).
    package mutating func initialise(
        _ request: InitProducerIdRequest, version: Int16, token: ReplyToken, now: Int64
    ) {
        guard let id = request.transactionalID else {
            let identity = ProducerIdentity(producerID: newProducerID(), epoch: 0)
            return effects.append(.initialised(token, .success(identity)))
        }
        let fenced: ErrorCode = version >= 4 ? .producerFenced : .invalidProducerEpoch
        func answer(_ error: ErrorCode) { effects.append(.initialised(token, .failure(error))) }
        guard !id.isEmpty else { return answer(.invalidRequest) }
        let timeout = Int64(request.transactionTimeoutMs)
        guard timeout > 0, timeout <= limits.timeout else {
            return answer(.invalidTransactionTimeout)
        }
        guard (request.producerID < 0) == (request.producerEpoch < 0) else {
            return answer(.invalidRequest)
        }
        guard var transaction = transactions[id] else {
            guard transactions.count < limits.transactions else {
                return answer(.policyViolation)
            }
            let new = Transaction(
                id: id, producerID: newProducerID(), epoch: 0, timeout: timeout, now: now)
            return accept(new, token: token)
        }
        if request.producerID >= 0, request.producerID != transaction.producerID {
            return answer(fenced)
        }
        switch transaction.state {
        case .prepareCommit, .prepareAbort:
            return answer(.concurrentTransactions)
        case .ongoing:
            if request.producerEpoch >= 0, request.producerEpoch != transaction.epoch {
                return answer(fenced)
            }
            // The open transaction is aborted under a new epoch; the producer asks again.
            fence(&transaction)
            decide(&transaction, commit: false, now: now)
            return answer(.concurrentTransactions)
        case .empty, .completeCommit, .completeAbort:
            break
        }
        if request.producerEpoch >= 0, request.producerEpoch != transaction.epoch {
            guard request.producerEpoch == transaction.lastEpoch else { return answer(fenced) }
            // The answer to an earlier try got lost.
            return accept(transaction, token: token)
        }
        transaction.timeout = timeout
        transaction.state = .empty
        transaction.updated = now
        raise(&transaction, isOwner: request.producerEpoch >= 0)
        accept(transaction, token: token)
    }

    private mutating func raise(_ transaction: inout Transaction, isOwner: Bool) {
        if transaction.epoch >= .max - 1 {
            transaction.producerID = newProducerID()
            transaction.epoch = 0
            transaction.lastEpoch = -1
        } else {
            transaction.lastEpoch = isOwner ? transaction.epoch : -1
            transaction.epoch += 1
        }
    }

    private mutating func accept(_ transaction: Transaction, token: ReplyToken) {
        keep(transaction)
        let identity = ProducerIdentity(
            producerID: transaction.producerID, epoch: transaction.epoch)
        effects.append(.initialised(token, .success(identity)))
    }

    /// The transaction of an id, if the producer owns it.
    private func owned(
        _ id: String, producerID: Int64, epoch: Int16, fenced: ErrorCode
    ) -> Result<Transaction, ErrorCode> {
        guard !id.isEmpty else { return .failure(.invalidRequest) }
        guard let transaction = transactions[id], transaction.producerID == producerID else {
            return .failure(.invalidProducerIDMapping)
        }
        return transaction.epoch == epoch ? .success(transaction) : .failure(fenced)
    }

    /// The producer will write to partitions; the entry that says so is an effect if it is new.
    ///
    /// - Parameter fenced: the error that the version of the request has for a fenced producer.
    package mutating func add(
        partitions: [OffsetStore.Place], groups: [String] = [], id: String, producerID: Int64,
        epoch: Int16, fenced: ErrorCode, now: Int64
    ) -> ErrorCode {
        switch owned(id, producerID: producerID, epoch: epoch, fenced: fenced) {
        case .failure(let error): return error
        case .success(var transaction):
            if transaction.state == .prepareCommit || transaction.state == .prepareAbort {
                return .concurrentTransactions
            }
            let isNew = transaction.state != .ongoing
            let before = transaction.partitions.count + transaction.groups.count
            if isNew {
                transaction.state = .ongoing
                transaction.started = now
                transaction.partitions = []
                transaction.groups = []
            }
            transaction.partitions.formUnion(partitions)
            transaction.groups.formUnion(groups)
            let after = transaction.partitions.count + transaction.groups.count
            guard after <= limits.partitions else { return .policyViolation }
            if !isNew, after == before { return .none }
            transaction.updated = now
            keep(transaction)
            return .none
        }
    }

    /// The producer ends its transaction; an answer other than nil is final.
    package mutating func end(
        _ request: EndTxnRequest, fenced: ErrorCode, token: ReplyToken, now: Int64
    ) -> ErrorCode? {
        let outcome = owned(
            request.transactionalID, producerID: request.producerID,
            epoch: request.producerEpoch, fenced: fenced)
        switch outcome {
        case .failure(let error): return error
        case .success(var transaction):
            switch (transaction.state, request.committed) {
            case (.ongoing, _):
                waiting[transaction.id] = token
                decide(&transaction, commit: request.committed, now: now)
                return nil
            case (.completeCommit, true), (.completeAbort, false): return ErrorCode.none
            case (.prepareCommit, true), (.prepareAbort, false): return .concurrentTransactions
            default: return .invalidTxnState
            }
        }
    }

    /// Why a transactional batch or offset commit can't be taken: it must belong to the open
    /// transaction of its producer (KIP-890), or a transaction could stay open for ever.
    ///
    /// - Parameter unverified: the error that the version of the request has for what is not part
    ///   of the open transaction.
    package func refusal(
        producerID: Int64, epoch: Int16, partition: OffsetStore.Place? = nil,
        group: String? = nil, unverified: ErrorCode = .invalidTxnState
    ) -> ErrorCode? {
        guard let id = byProducer[producerID], let transaction = transactions[id] else {
            return .invalidProducerIDMapping
        }
        if epoch < transaction.epoch { return .invalidProducerEpoch }
        guard epoch == transaction.epoch, transaction.state == .ongoing else { return unverified }
        if let partition, !transaction.partitions.contains(partition) { return unverified }
        if let group, !transaction.groups.contains(group) { return unverified }
        return nil
    }

    /// The ids whose newest transaction is over, and of which nothing was heard since `time` or
    /// longer, by name.
    package func idle(since time: Int64) -> [String] {
        transactions.values
            .filter {
                $0.updated <= time
                    && [.empty, .completeCommit, .completeAbort].contains($0.state)
            }
            .map(\.id).sorted()
    }

    /// Forgets an id.
    package mutating func forget(id: String) {
        guard let transaction = transactions.removeValue(forKey: id) else { return }
        byProducer[transaction.producerID] = nil
    }

    /// The request that waits for the end of a transaction.
    package func waiter(id: String) -> ReplyToken? { waiting[id] }

    /// The topic is gone, and no marker can be written to it.
    package mutating func forget(topic: String) {
        for (id, transaction) in transactions {
            transactions[id]?.partitions = transaction.partitions.filter { $0.topic != topic }
        }
    }
}
