internal import BrokerModel

// Fetch: long polling, isolation levels, aborted transactions.

/// A Fetch request that waits for records or for its time to be over.
final class PendingFetch {
    let context: RequestContext
    let request: FetchRequest
    let deadline: Int64
    var isDone = false
    /// Where it waits.
    var partitions: [Partition] = []

    init(context: RequestContext, request: FetchRequest, deadline: Int64) {
        self.context = context
        self.request = request
        self.deadline = deadline
    }
}

extension BrokerEngine {
    private typealias PartitionData = FetchResponse.FetchableTopicResponse.PartitionData

    func fetch(_ request: FetchRequest, _ context: RequestContext, now: Int64) {
        // Sessions are declined: every request names all its partitions (KIP-227).
        if request.sessionID != 0, request.sessionEpoch > 0 {
            var response = FetchResponse()
            response.errorCode = ErrorCode.fetchSessionIDNotFound.rawValue
            return reply(response, to: context)
        }
        let fetch = PendingFetch(
            context: context, request: request,
            deadline: now + Int64(max(0, request.maxWaitMs)))
        if fetch.deadline <= now { return answer(fetch) }
        if isReady(request, version: context.version), answerWithContent(fetch) { return }
        fetches.append(fetch)
        for topic in request.topics {
            for wanted in topic.partitions {
                let partition = find(topic, wanted.partition, version: context.version)
                guard let partition else { continue }
                partition.waitingFetches.append(fetch)
                fetch.partitions.append(partition)
            }
        }
    }

    private func find(
        _ topic: FetchRequest.FetchTopic, _ index: Int32, version: Int16
    ) -> Partition? {
        guard version >= 13 else { return partition(topic.topic, index) }
        return topicsByID[topic.topicID].flatMap { partition($0.name, index) }
    }

    /// Where a reader of that isolation level has to stop.
    func readLimit(_ partition: Partition, isolation: Int8) -> Int64 {
        let log = partition.store.log
        return isolation == 1 ? log.lastStableOffset : log.highWatermark
    }

    private func refusal(
        _ wanted: FetchRequest.FetchTopic.FetchPartition, of topic: FetchRequest.FetchTopic,
        _ partition: Partition?, version: Int16
    ) -> ErrorCode? {
        guard let partition else {
            let isUnknown = version >= 13 && topicsByID[topic.topicID] == nil
            return isUnknown ? .unknownTopicID : .unknownTopicOrPartition
        }
        let log = partition.store.log
        if wanted.currentLeaderEpoch > log.leaderEpoch { return .unknownLeaderEpoch }
        if wanted.currentLeaderEpoch >= 0, wanted.currentLeaderEpoch < log.leaderEpoch {
            return .fencedLeaderEpoch
        }
        let isInside = (log.startOffset...log.endOffset).contains(wanted.fetchOffset)
        return isInside ? nil : .offsetOutOfRange
    }

    /// Whether the answer need not wait: enough bytes, or an error.
    private func isReady(_ request: FetchRequest, version: Int16) -> Bool {
        var bytes: Int64 = 0
        for topic in request.topics {
            for wanted in topic.partitions {
                let partition = find(topic, wanted.partition, version: version)
                if refusal(wanted, of: topic, partition, version: version) != nil { return true }
                guard let partition else { return true }
                let limit = readLimit(partition, isolation: request.isolationLevel)
                guard wanted.fetchOffset < limit else { continue }
                if request.minBytes <= 1 { return true }
                let slice = try? partition.store.slice(
                    from: wanted.fetchOffset, below: limit,
                    maximum: Int(max(0, wanted.partitionMaxBytes)),
                    mustHaveOne: true)
                bytes += slice.map { $0.range.upperBound - $0.range.lowerBound } ?? 0
                if bytes >= Int64(request.minBytes) { return true }
            }
        }
        return request.minBytes <= 0 || request.topics.isEmpty
    }

    private func answer(_ fetch: PendingFetch) {
        fetch.isDone = true
        let (response, slices, _) = content(for: fetch)
        reply(response, to: fetch.context, parts: slices)
    }

    /// Answers if there is a batch or an error; false when the read has to wait after all.
    ///
    /// Offsets below the limit need not have a record: a start may have found fewer records than
    /// offsets that were given out. Who stands there would ask again and again.
    private func answerWithContent(_ fetch: PendingFetch) -> Bool {
        let (response, slices, hasError) = content(for: fetch)
        let mayBeEmpty = fetch.request.minBytes <= 0 || fetch.request.topics.isEmpty
        guard hasError || mayBeEmpty || !slices.isEmpty else { return false }
        fetch.isDone = true
        reply(response, to: fetch.context, parts: slices)
        return true
    }

    private func content(
        for fetch: PendingFetch
    ) -> (FetchResponse, slices: [PartitionStore.Slice], hasError: Bool) {
        var hasError = false
        let request = fetch.request
        var response = FetchResponse()
        var slices: [PartitionStore.Slice] = []
        var room = min(Int(max(0, request.maxBytes)), configuration.maximumFetch)
        for topic in request.topics {
            var topicResponse = FetchResponse.FetchableTopicResponse()
            topicResponse.topic = topic.topic
            topicResponse.topicID = topic.topicID
            for wanted in topic.partitions {
                var data = PartitionData()
                data.partitionIndex = wanted.partition
                data.records = .bytes([])
                let partition = find(topic, wanted.partition, version: fetch.context.version)
                let refused = refusal(
                    wanted, of: topic, partition, version: fetch.context.version)
                if let error = refused {
                    data.errorCode = error.rawValue
                    data.highWatermark = -1
                } else if let partition {
                    fill(&data, wanted, partition, request, &room, &slices)
                }
                hasError = hasError || data.errorCode != 0
                topicResponse.partitions.append(data)
            }
            response.responses.append(topicResponse)
        }
        return (response, slices, hasError)
    }

    private func fill(
        _ data: inout PartitionData, _ wanted: FetchRequest.FetchTopic.FetchPartition,
        _ partition: Partition, _ request: FetchRequest, _ room: inout Int,
        _ slices: inout [PartitionStore.Slice]
    ) {
        let log = partition.store.log
        data.highWatermark = log.highWatermark
        data.lastStableOffset = log.lastStableOffset
        data.logStartOffset = log.startOffset
        let isCommitted = request.isolationLevel == 1
        if isCommitted { data.abortedTransactions = [] }
        let limit = readLimit(partition, isolation: request.isolationLevel)
        let slice: PartitionStore.Slice?
        do throws(FileError) {
            slice = try partition.store.slice(
                from: wanted.fetchOffset, below: limit,
                maximum: min(room, Int(max(0, wanted.partitionMaxBytes))),
                mustHaveOne: slices.isEmpty)
        } catch {
            self.log("\(partition.name): \(error)")
            data.errorCode = ErrorCode.kafkaStorageError.rawValue
            return
        }
        guard let slice else { return }
        let count = Int(slice.range.upperBound - slice.range.lowerBound)
        room = max(0, room - count)
        data.records = .external(count: count)
        slices.append(slice)
        guard isCommitted else { return }
        let aborted = log.aborted(in: wanted.fetchOffset..<slice.nextOffset)
        data.abortedTransactions = aborted.map {
            var transaction = PartitionData.AbortedTransaction()
            transaction.producerID = $0.producerID
            transaction.firstOffset = $0.firstOffset
            return transaction
        }
    }

    // MARK: Waiting

    /// More can be read from the partition than before.
    func wakeFetches(of partition: Partition) {
        guard !partition.waitingFetches.isEmpty else { return }
        for fetch in partition.waitingFetches
        where !fetch.isDone && isReady(fetch.request, version: fetch.context.version) {
            _ = answerWithContent(fetch)
        }
        removeFinishedFetches()
    }

    /// Answers what has waited long enough.
    func expireFetches(now: Int64) {
        for fetch in fetches where !fetch.isDone && fetch.deadline <= now { answer(fetch) }
        removeFinishedFetches()
    }

    /// Forgets reads that were answered or whose client has gone.
    func removeFinishedFetches() {
        guard fetches.contains(where: \.isDone) else { return }
        for fetch in fetches where fetch.isDone {
            for partition in fetch.partitions { partition.waitingFetches.removeAll { $0.isDone } }
            fetch.partitions = []
        }
        fetches.removeAll { $0.isDone }
    }
}
