internal import BrokerModel

// ListOffsets, OffsetForLeaderEpoch, DeleteRecords, DescribeLogDirs.

extension BrokerEngine {
    func listOffsets(_ request: ListOffsetsRequest) -> ListOffsetsResponse {
        var response = ListOffsetsResponse()
        response.topics = request.topics.map { topic in
            var answer = ListOffsetsResponse.ListOffsetsTopicResponse()
            answer.name = topic.name
            answer.partitions = topic.partitions.map { wanted in
                var result =
                    ListOffsetsResponse.ListOffsetsTopicResponse.ListOffsetsPartitionResponse()
                result.partitionIndex = wanted.partitionIndex
                guard let partition = partition(topic.name, wanted.partitionIndex) else {
                    result.errorCode = ErrorCode.unknownTopicOrPartition.rawValue
                    return result
                }
                do throws(FileError) {
                    let found = try offset(
                        at: wanted.timestamp, of: partition, isolation: request.isolationLevel)
                    result.offset = found.offset
                    result.timestamp = found.timestamp
                    if found.offset >= 0 {
                        result.leaderEpoch = partition.store.log.leaderEpoch
                    }
                } catch {
                    log("\(partition.name): \(error)")
                    result.errorCode = ErrorCode.kafkaStorageError.rawValue
                }
                return result
            }
            return answer
        }
        return response
    }

    private func offset(
        at timestamp: Int64, of partition: Partition, isolation: Int8
    ) throws(FileError) -> (offset: Int64, timestamp: Int64) {
        let log = partition.store.log
        let limit = readLimit(partition, isolation: isolation)
        switch timestamp {
        case -1: return (limit, -1)
        case -2, -4: return (log.startOffset, -1)
        case -3:
            guard let greatest = try partition.store.greatestTimestamp(below: limit) else {
                return (-1, -1)
            }
            return try partition.store.record(atOrAfter: greatest, below: limit) ?? (-1, -1)
        case ..<0: return (-1, -1)
        default: return try partition.store.record(atOrAfter: timestamp, below: limit) ?? (-1, -1)
        }
    }

    func offsetForLeaderEpoch(
        _ request: OffsetForLeaderEpochRequest
    ) -> OffsetForLeaderEpochResponse {
        var response = OffsetForLeaderEpochResponse()
        response.topics = request.topics.map { topic in
            var answer = OffsetForLeaderEpochResponse.OffsetForLeaderTopicResult()
            answer.topic = topic.topic
            answer.partitions = topic.partitions.map { wanted in
                var result = OffsetForLeaderEpochResponse.OffsetForLeaderTopicResult
                    .EpochEndOffset()
                result.partition = wanted.partition
                guard let partition = partition(topic.topic, wanted.partition) else {
                    result.errorCode = ErrorCode.unknownTopicOrPartition.rawValue
                    return result
                }
                let log = partition.store.log
                if wanted.currentLeaderEpoch > log.leaderEpoch {
                    result.errorCode = ErrorCode.unknownLeaderEpoch.rawValue
                } else if wanted.currentLeaderEpoch >= 0,
                    wanted.currentLeaderEpoch < log.leaderEpoch
                {
                    result.errorCode = ErrorCode.fencedLeaderEpoch.rawValue
                } else if wanted.leaderEpoch >= 0, wanted.leaderEpoch <= log.leaderEpoch {
                    result.leaderEpoch = log.leaderEpoch
                    result.endOffset = log.endOffset
                }
                return result
            }
            return answer
        }
        return response
    }

    func deleteRecords(_ request: DeleteRecordsRequest, _ context: RequestContext) {
        var response = DeleteRecordsResponse()
        response.topics = request.topics.map { topic in
            var answer = DeleteRecordsResponse.DeleteRecordsTopicResult()
            answer.name = topic.name
            answer.partitions = topic.partitions.map { wanted in
                var result =
                    DeleteRecordsResponse.DeleteRecordsTopicResult.DeleteRecordsPartitionResult()
                result.partitionIndex = wanted.partitionIndex
                result.lowWatermark = -1
                guard let partition = partition(topic.name, wanted.partitionIndex) else {
                    result.errorCode = ErrorCode.unknownTopicOrPartition.rawValue
                    return result
                }
                let error = deleteRecords(of: partition, below: wanted.offset)
                result.errorCode = error.rawValue
                if error == .none { result.lowWatermark = partition.store.log.startOffset }
                return result
            }
            return answer
        }
        replyWhenKept(response, to: context)
    }

    private func deleteRecords(of partition: Partition, below offset: Int64) -> ErrorCode {
        guard partition.topic.config.isDeleted else { return .policyViolation }
        let log = partition.store.log
        let wanted = offset == -1 ? log.highWatermark : offset
        guard wanted >= 0, wanted <= log.highWatermark else { return .offsetOutOfRange }
        return raiseStart(of: partition, to: wanted) ? .none : .kafkaStorageError
    }

    /// Forgets the records of a partition below an offset; false when the disk does not take that.
    func raiseStart(of partition: Partition, to offset: Int64) -> Bool {
        guard offset > partition.store.log.startOffset else { return true }
        let deleted = JournalEntry.recordsDeleted(
            topic: partition.topic.name, partition: partition.index, offset: offset)
        guard keep(deleted) else { return false }
        partition.store.log.raiseStart(to: offset)
        // Without the entry the next start would not know where the log ends.
        afterJournalSync { [weak self, weak partition] in
            guard let self, let partition, !partition.isDeleted else { return }
            for error in partition.store.dropSegments(below: offset) {
                self.log("\(partition.name): \(error)")
            }
        }
        return true
    }

    func describeLogDirs(_ request: DescribeLogDirsRequest) -> DescribeLogDirsResponse {
        var response = DescribeLogDirsResponse()
        var result = DescribeLogDirsResponse.DescribeLogDirsResult()
        result.logDir = configuration.dataDirectory
        var wanted: [(Topic, [Int32])] = []
        if let topics = request.topics {
            for entry in topics {
                if let topic = self.topics[entry.topic] { wanted.append((topic, entry.partitions)) }
            }
        } else {
            wanted = topics.values.sorted { $0.name < $1.name }.map {
                ($0, $0.partitions.map(\.index))
            }
        }
        result.topics = wanted.map { topic, indexes in
            var entry = DescribeLogDirsResponse.DescribeLogDirsResult.DescribeLogDirsTopic()
            entry.name = topic.name
            entry.partitions = indexes.compactMap { index in
                guard let partition = partition(topic.name, index) else { return nil }
                var size = DescribeLogDirsResponse.DescribeLogDirsResult.DescribeLogDirsTopic
                    .DescribeLogDirsPartition()
                size.partitionIndex = index
                size.partitionSize = partition.store.size
                return size
            }
            return entry
        }
        response.results = [result]
        return response
    }
}
