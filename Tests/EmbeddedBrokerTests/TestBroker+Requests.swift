import BrokerModel
import Records

// Short forms of what the tests ask again and again.

extension TestBroker {
    @discardableResult
    func createTopic(
        _ name: String, partitions: Int32 = 1, _ configs: [String: String] = [:]
    ) throws -> ErrorCode? {
        var request = CreateTopicsRequest()
        var topic = CreateTopicsRequest.CreatableTopic()
        topic.name = name
        topic.numPartitions = partitions
        topic.replicationFactor = 1
        topic.configs = configs.sorted { $0.key < $1.key }.map {
            var config = CreateTopicsRequest.CreatableTopic.CreatableTopicConfig()
            config.name = $0.key
            config.value = $0.value
            return config
        }
        request.topics = [topic]
        let response = try ask(request, CreateTopicsResponse.self)
        return ErrorCode(rawValue: response.topics[0].errorCode)
    }

    /// A batch of values, all without keys or all with.
    static func batch(
        _ values: [String], keys: [String]? = nil, timestamp: Int64 = 1_000_000,
        producer: (id: Int64, epoch: Int16, sequence: Int32)? = nil, isTransactional: Bool = false
    ) -> [UInt8] {
        var builder = RecordBatchBuilder(
            timestamp: timestamp, attributes: isTransactional ? 0x10 : 0,
            producerID: producer?.id ?? -1, producerEpoch: producer?.epoch ?? -1,
            baseSequence: producer?.sequence ?? -1)
        for (index, value) in values.enumerated() {
            builder.append(
                key: keys.map { Array($0[index].utf8) }, value: Array(value.utf8),
                timestampDelta: Int64(index))
        }
        return builder.build()
    }

    /// A batch of one record that deletes its key.
    static func tombstone(_ key: String, timestamp: Int64 = 1_000_000) -> [UInt8] {
        var builder = RecordBatchBuilder(timestamp: timestamp)
        builder.append(key: Array(key.utf8), value: nil)
        return builder.build()
    }

    static func produceRequest(
        _ batch: [UInt8], topic: String, partition: Int32 = 0, acks: Int16 = -1
    ) -> ProduceRequest {
        var request = ProduceRequest()
        request.acks = acks
        request.timeoutMs = 1_000
        var data = ProduceRequest.TopicProduceData()
        data.name = topic
        var part = ProduceRequest.TopicProduceData.PartitionProduceData()
        part.index = partition
        part.records = .bytes(batch)
        data.partitionData = [part]
        request.topicData = [data]
        return request
    }

    @discardableResult
    func produce(
        _ batch: [UInt8], topic: String, partition: Int32 = 0
    ) throws -> (error: ErrorCode?, offset: Int64) {
        let request = Self.produceRequest(batch, topic: topic, partition: partition)
        let response = try ask(request, ProduceResponse.self)
        let result = response.responses[0].partitionResponses[0]
        return (ErrorCode(rawValue: result.errorCode), result.baseOffset)
    }

    static func fetchRequest(
        topic: String, partition: Int32 = 0, from offset: Int64, isCommitted: Bool,
        maxWait: Int32 = 0, minBytes: Int32 = 1
    ) -> FetchRequest {
        var request = FetchRequest()
        request.maxWaitMs = maxWait
        request.minBytes = minBytes
        request.isolationLevel = isCommitted ? 1 : 0
        var wanted = FetchRequest.FetchTopic()
        wanted.topic = topic
        var part = FetchRequest.FetchTopic.FetchPartition()
        part.partition = partition
        part.fetchOffset = offset
        part.partitionMaxBytes = 1 << 20
        wanted.partitions = [part]
        request.topics = [wanted]
        return request
    }

    /// What a consumer of that isolation level sees of a partition.
    struct View {
        var values: [String] = []
        var keys: [String?] = []
        var offsets: [Int64] = []
        var error: ErrorCode?
        var highWatermark: Int64 = -1
        var lastStableOffset: Int64 = -1
        var startOffset: Int64 = -1
        var aborted: [Int64] = []
    }

    /// Reads a partition to its end as a consumer does: aborted records and markers are left out.
    func read(
        _ topic: String, partition: Int32 = 0, from start: Int64 = 0, isCommitted: Bool = true
    ) throws -> View {
        var view = View()
        var offset = start
        while true {
            let request = Self.fetchRequest(
                topic: topic, partition: partition, from: offset, isCommitted: isCommitted)
            let slot = try send(request, version: 11)
            guard let (response, frame) = try answer(FetchResponse.self, to: slot, version: 11)
            else { throw NoAnswer(api: "fetch") }
            let data = response.responses[0].partitions[0]
            view.error = ErrorCode(rawValue: data.errorCode)
            view.highWatermark = data.highWatermark
            view.lastStableOffset = data.lastStableOffset
            view.startOffset = data.logStartOffset
            guard case .frame(let range) = data.records, !range.isEmpty else { return view }
            let aborted = (data.abortedTransactions ?? []).map { ($0.producerID, $0.firstOffset) }
            view.aborted += aborted.map(\.1)
            offset = try take(Array(frame[range]), aborted: aborted, from: offset, &view)
        }
    }

    /// The headers of all batches of a partition, markers among them.
    func headers(_ topic: String) throws -> [RecordBatchHeader] {
        var headers: [RecordBatchHeader] = []
        var offset = try self.offset(topic, at: -2)
        while true {
            let request = Self.fetchRequest(topic: topic, from: offset, isCommitted: false)
            let slot = try send(request, version: 11)
            guard let (response, frame) = try answer(FetchResponse.self, to: slot, version: 11),
                case .frame(let range) = response.responses[0].partitions[0].records,
                !range.isEmpty
            else { return headers }
            try Array(frame[range]).withUnsafeBytes { bytes in
                var position = 0
                while position < bytes.count {
                    let header = try RecordBatchHeader(
                        UnsafeRawBufferPointer(rebasing: bytes[position...]))
                    headers.append(header)
                    position += header.byteCount
                    offset = header.lastOffset + 1
                }
            }
        }
    }

    private func take(
        _ batches: [UInt8], aborted: [(Int64, Int64)], from start: Int64, _ view: inout View
    ) throws -> Int64 {
        var next = start
        var open: Set<Int64> = []
        var waiting = aborted
        try batches.withUnsafeBytes { bytes in
            var position = 0
            while position < bytes.count {
                let rest = UnsafeRawBufferPointer(rebasing: bytes[position...])
                let header = try RecordBatchHeader(rest)
                next = header.lastOffset + 1
                position += header.byteCount
                for (id, first) in waiting where first <= header.lastOffset { open.insert(id) }
                waiting.removeAll { $0.1 <= header.lastOffset }
                if header.isControl {
                    open.remove(header.producerID)
                } else if !(header.isTransactional && open.contains(header.producerID)) {
                    let payload = rest[RecordBatchHeader.size..<header.byteCount]
                    var reader = ByteReader(UnsafeRawBufferPointer(rebasing: payload))
                    for _ in 0..<header.recordCount {
                        let (offset, key, value) = try Self.record(&reader, header)
                        guard offset >= start else { continue }
                        view.offsets.append(offset)
                        view.keys.append(key)
                        view.values.append(value)
                    }
                }
            }
        }
        return next
    }

    private static func record(
        _ reader: inout ByteReader, _ header: RecordBatchHeader
    ) throws -> (Int64, String?, String) {
        _ = try reader.zigzag()
        _ = try reader.integer(UInt8.self)
        _ = try reader.zigzag()
        let delta = try reader.zigzag()
        let keyLength = try reader.zigzag()
        let key = try reader.raw(Int(max(0, keyLength)))
        let keyText = keyLength < 0 ? nil : String(decoding: key, as: UTF8.self)
        let length = try reader.zigzag()
        let value = try reader.raw(Int(max(0, length)))
        _ = try reader.zigzag()
        return (header.baseOffset + delta, keyText, String(decoding: value, as: UTF8.self))
    }

    // MARK: Transactions

    func initProducer(
        _ id: String?, producer: (Int64, Int16)? = nil, timeout: Int32 = 60_000
    ) throws -> InitProducerIdResponse {
        var request = InitProducerIdRequest()
        request.transactionalID = id
        request.transactionTimeoutMs = timeout
        request.producerID = producer?.0 ?? -1
        request.producerEpoch = producer?.1 ?? -1
        return try ask(request, InitProducerIdResponse.self)
    }

    func addPartition(
        _ topic: String, _ partition: Int32 = 0, id: String, producer: (id: Int64, epoch: Int16)
    ) throws -> ErrorCode? {
        var request = AddPartitionsToTxnRequest()
        request.v3AndBelowTransactionalID = id
        request.v3AndBelowProducerID = producer.id
        request.v3AndBelowProducerEpoch = producer.epoch
        var wanted = AddPartitionsToTxnRequest.AddPartitionsToTxnTopic()
        wanted.name = topic
        wanted.partitions = [partition]
        request.v3AndBelowTopics = [wanted]
        let response = try ask(request, AddPartitionsToTxnResponse.self)
        let result = response.resultsByTopicV3AndBelow[0].resultsByPartition[0]
        return ErrorCode(rawValue: result.partitionErrorCode)
    }

    /// Names a group whose offsets the transaction will commit.
    func addOffsets(
        _ group: String, id: String, producer: (id: Int64, epoch: Int16)
    ) throws -> ErrorCode? {
        var request = AddOffsetsToTxnRequest()
        request.transactionalID = id
        request.producerID = producer.id
        request.producerEpoch = producer.epoch
        request.groupID = group
        return ErrorCode(rawValue: try ask(request, AddOffsetsToTxnResponse.self).errorCode)
    }

    /// Commits an offset of topic `t` in the transaction.
    func commitOffset(
        _ offset: Int64, group: String, id: String, producer: (id: Int64, epoch: Int16),
        generation: Int32 = -1, member: String = "", version: Int16? = nil
    ) throws -> ErrorCode? {
        var request = TxnOffsetCommitRequest()
        request.generationID = generation
        request.memberID = member
        request.transactionalID = id
        request.groupID = group
        request.producerID = producer.id
        request.producerEpoch = producer.epoch
        var topic = TxnOffsetCommitRequest.TxnOffsetCommitRequestTopic()
        topic.name = "t"
        var part = TxnOffsetCommitRequest.TxnOffsetCommitRequestTopic
            .TxnOffsetCommitRequestPartition()
        part.committedOffset = offset
        topic.partitions = [part]
        request.topics = [topic]
        let response = try ask(request, TxnOffsetCommitResponse.self, version: version)
        return ErrorCode(rawValue: response.topics[0].partitions[0].errorCode)
    }

    func endTransaction(
        _ id: String, producer: (id: Int64, epoch: Int16), commit: Bool
    ) throws -> ErrorCode? {
        var request = EndTxnRequest()
        request.transactionalID = id
        request.producerID = producer.id
        request.producerEpoch = producer.epoch
        request.committed = commit
        return ErrorCode(rawValue: try ask(request, EndTxnResponse.self).errorCode)
    }
}
