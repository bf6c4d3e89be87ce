internal import BrokerModel

// Transactions: the coordinator decides, this keeps its decisions and writes its markers.

extension BrokerEngine {
    /// How many producer ids one journal entry reserves.
    private static let producerIDBlock: Int64 = 1_000

    /// Carries out the coordinator's effects in their order; nothing behind an entry happens before
    /// that entry is as durable as was promised.
    func drainTransactionEffects(now: Int64) {
        if transactions.nextProducerID > reservedProducerIDs {
            reservedProducerIDs = transactions.nextProducerID + Self.producerIDBlock
            keep(.producerIDs(next: reservedProducerIDs))
        }
        for effect in transactions.takeEffects() {
            switch effect {
            case .keep(let transaction): keep(.transaction(transaction))
            case .writeMarkers(let transaction, let commit):
                whenJournalDurable { [weak self] in
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
                whenJournalDurable { [weak self] in self?.reply(response, to: context) }
            }
        }
    }

    /// Writes the outcome of a transaction to all its partitions and groups; the transaction is
    /// over once the markers are as durable as their topics promise.
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
            guard partition.store.log.hasOpenTransaction(producerID: transaction.producerID) else {
                continue
            }
            writeMarker(
                partition, producerID: transaction.producerID, epoch: transaction.epoch,
                commit: commit, now: now)
            open += 1
            whenDurable(partition, below: partition.store.log.endOffset) { isDurable in
                // Otherwise the outcome stays decided, and the next start writes the markers.
                if isDurable { finish() }
            }
        }
        for group in transaction.groups.sorted() {
            keep(
                .offsetsResolved(
                    group: group, producerID: transaction.producerID, commit: commit))
            offsets.resolve(group: group, producerID: transaction.producerID, commit: commit)
        }
        finish()
    }

    /// Ends a producer's transaction in one partition.
    func writeMarker(
        _ partition: Partition, producerID: Int64, epoch: Int16, commit: Bool, now: Int64
    ) {
        let store = partition.store
        guard store.log.admitMarker(producerID: producerID, epoch: epoch) == .none else { return }
        let marker = RecordBatchBuilder.marker(
            baseOffset: store.log.endOffset, timestamp: now, producerID: producerID,
            producerEpoch: epoch, commit: commit, coordinatorEpoch: 0)
        marker.withUnsafeBytes { bytes in
            do {
                var header = try RecordBatchHeader(bytes)
                header.leaderEpoch = store.log.leaderEpoch
                try write(header, bytes, to: partition, commits: commit, now: now)
            } catch {
                // The transaction stays open here and is ended at the next start.
                log("\(partition.name): \(error)")
                partition.isFailed = true
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
        whenJournalDurable { [weak self] in self?.reply(response, to: context) }
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
        whenJournalDurable { [weak self] in self?.reply(response, to: context) }
    }

    func txnOffsetCommit(
        _ request: TxnOffsetCommitRequest, _ context: RequestContext, now: Int64
    ) {
        let refused =
            transactions.refusal(
                producerID: request.producerID, epoch: request.producerEpoch,
                group: request.groupID)
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
            keep(
                .offsetsStaged(
                    group: request.groupID, producerID: request.producerID, commits: commits))
            groups.ensureGroup(request.groupID)
            offsets.stage(commits, group: request.groupID, producerID: request.producerID)
        }
        whenJournalDurable { [weak self] in self?.reply(response, to: context) }
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
