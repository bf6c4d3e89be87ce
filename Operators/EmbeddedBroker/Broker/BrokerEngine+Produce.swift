internal import BrokerModel
internal import Records

// Produce: batches go to the end of their partitions as they came.

/// A Produce request whose partitions are still being made durable.
private final class PendingProduce {
    var response = ProduceResponse()
    var open = 0
}

extension BrokerEngine {
    /// What became of one batch.
    private enum Outcome {
        case appended(base: Int64, next: Int64, time: Int64)
        case failed(ErrorCode, String?)
    }

    func produce(
        _ request: ProduceRequest, _ frame: UnsafeRawBufferPointer, _ context: RequestContext,
        now: Int64
    ) {
        let pending = PendingProduce()
        pending.open = 1
        var failure: ErrorCode?
        let finish = { [weak self] in
            pending.open -= 1
            guard pending.open == 0, request.acks != 0 else { return }
            self?.reply(pending.response, to: context)
        }
        for (number, topicData) in request.topicData.enumerated() {
            var topicResponse = ProduceResponse.TopicProduceResponse()
            topicResponse.name = topicData.name
            pending.response.responses.append(topicResponse)
            for (place, data) in topicData.partitionData.enumerated() {
                let partition = partition(topicData.name, data.index)
                let outcome = append(data, to: partition, request, frame, context, now: now)
                var result = ProduceResponse.TopicProduceResponse.PartitionProduceResponse()
                result.index = data.index
                switch outcome {
                case .failed(let error, let message):
                    failure = error
                    result.errorCode = error.rawValue
                    result.baseOffset = -1
                    result.errorMessage = message
                case .appended(let base, let next, let time):
                    result.baseOffset = base
                    result.logAppendTimeMs = time
                    result.logStartOffset = partition?.store.log.startOffset ?? -1
                    guard request.acks == -1, let partition else { break }
                    pending.open += 1
                    whenDurable(partition, below: next) { isDurable in
                        if !isDurable {
                            let code = ErrorCode.kafkaStorageError.rawValue
                            pending.response.responses[number].partitionResponses[place]
                                .errorCode = code
                        }
                        finish()
                    }
                }
                pending.response.responses[number].partitionResponses.append(result)
            }
        }
        if request.acks == 0 {
            noReply(to: context)
            // Nothing else can tell the client that its records were not taken.
            if let failure {
                driver?.close(context.connection, reason: "a batch with acks=0: \(failure)")
            }
        }
        finish()
    }

    /// The partition of that name and number.
    func partition(_ topic: String, _ index: Int32) -> Partition? {
        guard let topic = topics[topic], index >= 0, Int(index) < topic.partitions.count else {
            return nil
        }
        return topic.partitions[Int(index)]
    }

    private func append(
        _ data: ProduceRequest.TopicProduceData.PartitionProduceData, to partition: Partition?,
        _ request: ProduceRequest, _ frame: UnsafeRawBufferPointer, _ context: RequestContext,
        now: Int64
    ) -> Outcome {
        guard (-1...1).contains(request.acks) else { return .failed(.invalidRequiredAcks, nil) }
        guard let partition else { return .failed(.unknownTopicOrPartition, nil) }
        guard case .frame(let range) = data.records, !range.isEmpty else {
            return .failed(.invalidRecord, "no batch")
        }
        let bytes = UnsafeRawBufferPointer(rebasing: frame[range])
        let header: RecordBatchHeader
        switch examine(bytes, for: partition, version: context.version, now: now) {
        case .failure(let refusal): return .failed(refusal.code, refusal.message)
        case .success(let examined): header = examined
        }
        if header.isTransactional {
            let refusal = transactions.refusal(
                producerID: header.producerID, epoch: header.producerEpoch,
                partition: partition.place,
                unverified: context.version > 10 ? .transactionAbortable : .invalidTxnState)
            if let refusal { return .failed(refusal, nil) }
        }
        if partition.isFailed { return .failed(.kafkaStorageError, nil) }
        switch partition.store.log.admit(header) {
        case .refuse(let error): return .failed(error, nil)
        case .duplicate(let base, let last, let time):
            let stamp = partition.topic.config.usesAppendTime ? time : -1
            return .appended(base: base, next: last + 1, time: stamp)
        case .append(let base):
            return append(header, at: base, bytes, to: partition, now: now)
        }
    }

    private struct Refusal: Error {
        var code: ErrorCode
        var message: String?
    }

    /// Checks a batch that came from outside.
    private func examine(
        _ bytes: UnsafeRawBufferPointer, for partition: Partition, version: Int16, now: Int64
    ) -> Result<RecordBatchHeader, Refusal> {
        func refuse(_ code: ErrorCode, _ message: String) -> Result<RecordBatchHeader, Refusal> {
            .failure(Refusal(code: code, message: message))
        }
        let header: RecordBatchHeader
        do throws(CodecError) {
            header = try RecordBatchHeader(bytes)
        } catch {
            if case .unsupportedVersion = error {
                return refuse(.invalidRecord, "only record batches of version 2 are taken")
            }
            return refuse(.corruptMessage, error.description)
        }
        guard header.byteCount == bytes.count else {
            return header.byteCount < bytes.count
                ? refuse(.invalidRecord, "more than one batch for a partition")
                : refuse(.corruptMessage, "the batch is cut short")
        }
        guard Int64(bytes.count) <= partition.topic.config.maximumBatch else {
            return refuse(.messageTooLarge, "the batch is greater than max.message.bytes")
        }
        guard RecordBatchHeader.computedChecksum(bytes) == header.checksum else {
            return refuse(.corruptMessage, "the checksum of the batch is wrong")
        }
        guard header.codec <= 4, !(header.codec == 4 && version < 7) else {
            return refuse(.unsupportedCompressionType, "codec \(header.codec)")
        }
        if partition.topic.config.isCompacted, !RecordBatch.everyRecordHasKey(header, bytes) {
            return refuse(.invalidRecord, "a record of a compacted topic has no key")
        }
        if let times = partition.topic.config.acceptedTimestamps(now: now),
            !RecordBatch.everyTimestamp(header, bytes, isIn: times)
        {
            return refuse(.invalidTimestamp, "a timestamp is outside of what the topic accepts")
        }
        return .success(header)
    }

    /// Writes a batch to the end of a partition.
    private func append(
        _ header: RecordBatchHeader, at base: Int64, _ bytes: UnsafeRawBufferPointer,
        to partition: Partition, now: Int64
    ) -> Outcome {
        var header = header
        header.baseOffset = base
        header.leaderEpoch = partition.store.log.leaderEpoch
        if partition.topic.config.usesAppendTime {
            header.attributes |= 0x08
            header.maxTimestamp = now
            header.checksum = RecordBatch.checksum(header, bytes)
        }
        do throws(FileError) {
            try write(header, bytes, to: partition, now: now)
        } catch {
            log("\(partition.name): \(error)")
            return .failed(.kafkaStorageError, "the batch could not be written")
        }
        let time = partition.topic.config.usesAppendTime ? now : -1
        return .appended(base: base, next: header.lastOffset + 1, time: time)
    }

    /// Writes a batch or marker that has its offset, and tells everybody who waits for it.
    func write(
        _ header: RecordBatchHeader, _ bytes: UnsafeRawBufferPointer, to partition: Partition,
        commits: Bool = false, now: Int64
    ) throws(FileError) {
        try partition.store.append(
            header, batch: bytes, config: partition.topic.config, now: now)
        partition.store.log.append(header, commits: commits)
        noteDirty(partition, now: now)
        if partition.topic.config.flush != .ack {
            partition.store.log.raiseHighWatermark(to: partition.store.log.endOffset)
            wakeFetches(of: partition)
        }
    }
}
