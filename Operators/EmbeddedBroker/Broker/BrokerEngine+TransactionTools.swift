internal import BrokerModel

// What tools ask about transactions (KIP-664).

extension BrokerEngine {
    func describeProducers(_ request: DescribeProducersRequest) -> DescribeProducersResponse {
        typealias TopicResponse = DescribeProducersResponse.TopicResponse
        var response = DescribeProducersResponse()
        response.topics = request.topics.map { topic in
            var topicResponse = TopicResponse()
            topicResponse.name = topic.name
            topicResponse.partitions = topic.partitionIndexes.map { index in
                var result = TopicResponse.PartitionResponse()
                result.partitionIndex = index
                guard let partition = partition(topic.name, index) else {
                    result.errorCode = ErrorCode.unknownTopicOrPartition.rawValue
                    return result
                }
                result.activeProducers = partition.store.log.activeProducers.map { producer in
                    var entry = TopicResponse.PartitionResponse.ProducerState()
                    entry.producerID = producer.producerID
                    entry.producerEpoch = Int32(producer.epoch)
                    entry.lastSequence = producer.lastSequence
                    entry.lastTimestamp = producer.lastTimestamp
                    entry.coordinatorEpoch = producer.coordinatorEpoch
                    entry.currentTxnStartOffset = producer.openTransaction ?? -1
                    return entry
                }
                return result
            }
            return topicResponse
        }
        return response
    }

    func describeTransactions(
        _ request: DescribeTransactionsRequest
    ) -> DescribeTransactionsResponse {
        var response = DescribeTransactionsResponse()
        response.transactionStates = request.transactionalIDs.map { id in
            var entry = DescribeTransactionsResponse.TransactionState()
            entry.transactionalID = id
            guard let transaction = transactions.transactions[id] else {
                entry.errorCode = ErrorCode.transactionalIDNotFound.rawValue
                return entry
            }
            entry.transactionState = transaction.state.name
            entry.transactionTimeoutMs = Int32(clamping: transaction.timeout)
            entry.transactionStartTimeMs = transaction.started
            entry.producerID = transaction.producerID
            entry.producerEpoch = transaction.epoch
            for place in transaction.partitions.sorted() {
                if entry.topics.last?.topic != place.topic {
                    var topic = DescribeTransactionsResponse.TransactionState.TopicData()
                    topic.topic = place.topic
                    entry.topics.append(topic)
                }
                entry.topics[entry.topics.count - 1].partitions.append(place.partition)
            }
            return entry
        }
        return response
    }

    func listTransactions(
        _ request: ListTransactionsRequest, now: Int64
    ) -> ListTransactionsResponse {
        var response = ListTransactionsResponse()
        let names = (0...5).compactMap { Transaction.State(rawValue: $0)?.name }
        response.unknownStateFilters = request.stateFilters.filter { !names.contains($0) }
        let states = Set(request.stateFilters)
        let producers = Set(request.producerIDFilters)
        for transaction in transactions.transactions.values.sorted(by: { $0.id < $1.id }) {
            let age = transaction.started < 0 ? -1 : now - transaction.started
            guard states.isEmpty || states.contains(transaction.state.name),
                producers.isEmpty || producers.contains(transaction.producerID),
                request.durationFilter < 0 || age > request.durationFilter
            else { continue }
            var entry = ListTransactionsResponse.TransactionState()
            entry.transactionalID = transaction.id
            entry.producerID = transaction.producerID
            entry.transactionState = transaction.state.name
            response.transactionStates.append(entry)
        }
        return response
    }
}
