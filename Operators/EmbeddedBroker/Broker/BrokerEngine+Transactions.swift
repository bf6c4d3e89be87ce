internal import BrokerModel

// Transactions: the coordinator decides, this keeps its decisions and writes its markers.

extension BrokerEngine {
    /// How many producer ids one journal entry reserves.
    private static let producerIDBlock: Int64 = 1_000

    /// Carries out the coordinator's effects in their order; nothing behind an entry happens before
    /// that entry is as durable as was promised.
    ///
    /// When the disk does not take an entry, it and what follows wait for the next call.
    func drainTransactionEffects(now: Int64) {
        heldEffects += transactions.takeEffects()
        guard reserveProducerIDs() else { return }
        while let effect = heldEffects.first {
            if case .keep(let transaction) = effect, !keep(.transaction(transaction)) { return }
            heldEffects.removeFirst()
            switch effect {
            case .keep: break
            case .writeMarkers(let transaction, let commit):
                let waiter = transactions.waiter(id: transaction.id).flatMap { waiting[$0] }
                whenJournalDurable(for: waiter?.connection) { [weak self] in
                    self?.end(transaction, commit: commit, now: now)
                }
            case .ended(let token, let error):
                guard let context = waiting.removeValue(forKey: token) else { continue }
                var response = EndTxnResponse()
                response.errorCode = error.rawValue
                reply(response, to: context)
            case .initialised(let token, let result):
                guard let context = waiting.removeValue(forKey: token) else { continue }
                var response = InitProducerIdResponse()
                switch result {
                case .success(let identity):
                    response.producerID = identity.producerID
                    response.producerEpoch = identity.epoch
                case .failure(let error):
                    response.errorCode = error.rawValue
                    response.producerEpoch = -1
                }
                replyWhenKept(response, to: context)
            }
        }
    }

    /// Makes sure that no producer id is given out again after a restart.
    private func reserveProducerIDs() -> Bool {
        guard transactions.nextProducerID > reservedProducerIDs else { return true }
        let next = transactions.nextProducerID + Self.producerIDBlock
        guard keep(.producerIDs(next: next)) else { return false }
        reservedProducerIDs = next
        return true
    }

    /// Tries once more to end what the disk did not take.
    func endHeldTransactions(now: Int64) {
        let held = heldEnds
        heldEnds = []
        for (transaction, commit) in held { end(transaction, commit: commit, now: now) }
    }

    /// Writes the outcome of a transaction to all its partitions and groups; the transaction is
    /// over once the markers are as durable as their topics promise.
    ///
    /// What the disk does not take is tried again later; what was written is then passed over.
    private func end(_ transaction: Transaction, commit: Bool, now: Int64) {
        var open = 1
        let finish = { [weak self] in
            open -= 1
            guard open == 0, let self else { return }
            self.transactions.markersWritten(
                id: transaction.id, epoch: transaction.epoch, now: now)
            self.drainTransactionEffects(now: now)
        }
        for place in transaction.partitions.sorted() {
            guard let partition = partition(place.topic, place.partition) else { continue }
            if partition.store.log.hasOpenTransaction(producerID: transaction.producerID) {
                let isWritten = writeMarker(
                    partition, producerID: transaction.producerID, epoch: transaction.epoch,
                    commit: commit, now: now)
                guard isWritten else { return heldEnds.append((transaction, commit)) }
            }
            open += 1
            whenDurable(partition, below: partition.store.log.endOffset) { isDurable in
                // Otherwise the outcome stays decided, and the next start writes the markers.
                if isDurable { finish() }
            }
        }
        for group in transaction.groups.sorted() {
            let resolved = JournalEntry.offsetsResolved(
                group: group, producerID: transaction.producerID, commit: commit)
            guard keep(resolved) else { return heldEnds.append((transaction, commit)) }
            offsets.resolve(group: group, producerID: transaction.producerID, commit: commit)
        }
        finish()
    }

    /// Ends a producer's transaction in one partition; false when the disk does not take it.
    func writeMarker(
        _ partition: Partition, producerID: Int64, epoch: Int16, commit: Bool, now: Int64
    ) -> Bool {
        let store = partition.store
        guard store.log.admitMarker(producerID: producerID, epoch: epoch) == .none else {
            return true
        }
        let marker = RecordBatchBuilder.marker(
            baseOffset: store.log.endOffset, timestamp: now, producerID: producerID,
            producerEpoch: epoch, commit: commit, coordinatorEpoch: 0)
        return marker.withUnsafeBytes { bytes in
            do {
                var header = try RecordBatchHeader(bytes)
                header.leaderEpoch = store.log.leaderEpoch
                try write(header, bytes, to: partition, commits: commit, now: now)
                return true
            } catch {
                log("\(partition.name): \(error)")
                return false
            }
        }
    }

    // MARK: Requests

    func addPartitions(
        _ request: AddPartitionsToTxnRequest, _ context: RequestContext, now: Int64
    ) {
        var places: [OffsetStore.Place] = []
        for topic in request.v3AndBelowTopics {
            for index in topic.partitions {
                places.append(OffsetStore.Place(topic: topic.name, partition: index))
            }
        }
        let unknown = Set(places.filter { partition($0.topic, $0.partition) == nil })
        var error = ErrorCode.none
        if unknown.isEmpty {
            error = transactions.add(
                partitions: places, id: request.v3AndBelowTransactionalID,
                producerID: request.v3AndBelowProducerID,
                epoch: request.v3AndBelowProducerEpoch,
                fenced: context.version >= 2 ? .producerFenced : .invalidProducerEpoch, now: now)
        } else {
            error = .operationNotAttempted
        }
        var response = AddPartitionsToTxnResponse()
        response.resultsByTopicV3AndBelow = request.v3AndBelowTopics.map { topic in
            var result = AddPartitionsToTxnResponse.AddPartitionsToTxnTopicResult()
            result.name = topic.name
            result.resultsByPartition = topic.partitions.map { index in
                var part = AddPartitionsToTxnResponse.AddPartitionsToTxnPartitionResult()
                part.partitionIndex = index
                let place = OffsetStore.Place(topic: topic.name, partition: index)
                part.partitionErrorCode =
                    unknown.contains(place)
                    ? ErrorCode.unknownTopicOrPartition.rawValue : error.rawValue
                return part
            }
            return result
        }
        drainTransactionEffects(now: now)
        if !heldEffects.isEmpty { response.refuse(.coordinatorNotAvailable) }
        replyWhenKept(response, to: context)
    }

    func addOffsets(_ request: AddOffsetsToTxnRequest, _ context: RequestContext, now: Int64) {
        var response = AddOffsetsToTxnResponse()
        if request.groupID.isEmpty {
            response.errorCode = ErrorCode.invalidGroupID.rawValue
        } else {
            response.errorCode =
                transactions.add(
                    partitions: [], groups: [request.groupID], id: request.transactionalID,
                    producerID: request.producerID, epoch: request.producerEpoch,
                    fenced: context.version >= 2 ? .producerFenced : .invalidProducerEpoch,
                    now: now
                ).rawValue
        }
        drainTransactionEffects(now: now)
        if !heldEffects.isEmpty {
            response.errorCode = ErrorCode.coordinatorNotAvailable.rawValue
        }
        replyWhenKept(response, to: context)
    }

    func txnOffsetCommit(
        _ request: TxnOffsetCommitRequest, _ context: RequestContext, now: Int64
    ) {
        let refused =
            transactions.refusal(
                producerID: request.producerID, epoch: request.producerEpoch,
                group: request.groupID,
                unverified: context.version > 3 ? .transactionAbortable : .invalidTxnState)
            ?? groups.refusalOfCommit(
                group: request.groupID, generation: request.generationID,
                memberID: request.memberID, instanceID: request.groupInstanceID,
                isTransactional: true, now: now)
        var response = TxnOffsetCommitResponse()
        var commits: [OffsetStore.Commit] = []
        for topic in request.topics {
            var topicResponse = TxnOffsetCommitResponse.TxnOffsetCommitResponseTopic()
            topicResponse.name = topic.name
            for partition in topic.partitions {
                var result = TxnOffsetCommitResponse.TxnOffsetCommitResponseTopic
                    .TxnOffsetCommitResponsePartition()
                result.partitionIndex = partition.partitionIndex
                let error =
                    refused
                    ?? refusal(
                        topic: topic.name, partition: partition.partitionIndex,
                        metadata: partition.committedMetadata)
                result.errorCode = (error ?? .none).rawValue
                topicResponse.partitions.append(result)
                guard error == nil else { continue }
                let entry = OffsetStore.Entry(
                    offset: partition.committedOffset,
                    leaderEpoch: partition.committedLeaderEpoch,
                    metadata: partition.committedMetadata ?? "", timestamp: now)
                commits.append(
                    OffsetStore.Commit(
                        topic: topic.name, partition: partition.partitionIndex, entry: entry))
            }
            response.topics.append(topicResponse)
        }
        if !commits.isEmpty {
            let staged = JournalEntry.offsetsStaged(
                group: request.groupID, producerID: request.producerID, commits: commits)
            guard keep(staged) else {
                response.refuse(.coordinatorNotAvailable)
                return reply(response, to: context)
            }
            groups.ensureGroup(request.groupID)
            offsets.stage(commits, group: request.groupID, producerID: request.producerID)
        }
        replyWhenKept(response, to: context)
    }

    func endTransaction(_ request: EndTxnRequest, _ context: RequestContext, now: Int64) {
        let token = token(for: context)
        let fenced: ErrorCode = context.version >= 2 ? .producerFenced : .invalidProducerEpoch
        guard let error = transactions.end(request, fenced: fenced, token: token, now: now) else {
            return
        }
        waiting[token] = nil
        var response = EndTxnResponse()
        response.errorCode = error.rawValue
        reply(response, to: context)
    }
}

extension AddPartitionsToTxnResponse {
    /// Answers for every partition with an error.
    fileprivate mutating func refuse(_ error: ErrorCode) {
        for topic in resultsByTopicV3AndBelow.indices {
            let count = resultsByTopicV3AndBelow[topic].resultsByPartition.count
            for partition in 0..<count {
                resultsByTopicV3AndBelow[topic].resultsByPartition[partition].partitionErrorCode =
                    error.rawValue
            }
        }
    }
}

extension TxnOffsetCommitResponse {
    /// Answers for every partition with an error.
    fileprivate mutating func refuse(_ error: ErrorCode) {
        for topic in topics.indices {
            for partition in topics[topic].partitions.indices {
                topics[topic].partitions[partition].errorCode = error.rawValue
            }
        }
    }
}
