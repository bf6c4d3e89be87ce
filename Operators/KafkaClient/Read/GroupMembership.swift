internal import CRdKafka
internal import Records

/// What the group told its member, and what the member still owes it.
///
/// Lives on the reader's thread: librdkafka calls back from within `poll`. An assignment is
/// answered at once with nothing, because partitions start one by one at offsets that are known
/// later; a revocation is answered when the last of its partitions was unassigned, in one call,
/// because the group goes on at that call.
final class GroupMembership {
    private(set) var assigned: Set<TopicPartition> = []
    private(set) var revoking: Set<TopicPartition> = []
    /// Partitions that the client fetches.
    private(set) var started: Set<TopicPartition> = []
    private var leaving: Set<TopicPartition> = []
    private var revoked: Set<TopicPartition> = []
    private var events: [GroupEvent] = []
    /// Whether the group has ever told what is the member's, be it nothing.
    private(set) var hasBeenAssigned = false
    var closing = false

    /// The events since the last call.
    func takeEvents() -> [GroupEvent] {
        guard !events.isEmpty else { return [] }
        defer { events.removeAll() }
        return events
    }

    /// The group's call-back.
    func rebalance(
        _ client: OpaquePointer, _ code: rd_kafka_resp_err_t,
        _ list: UnsafeMutablePointer<rd_kafka_topic_partition_list_t>?
    ) {
        if code == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS { hasBeenAssigned = true }
        // Once the member has left, nobody serves an answer any more: it would wait for ever.
        if closing, rd_kafka_consumer_closed(client) != 0 { return }
        let partitions = PartitionList.partitions(list).sorted()
        switch code {
        case RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS where !closing:
            assigned.formUnion(partitions)
            if !partitions.isEmpty { events.append(.assigned(partitions)) }
            report(acknowledge(client))
        case RD_KAFKA_RESP_ERR__REVOKE_PARTITIONS:
            let lost = rd_kafka_assignment_lost(client) != 0
            revoked = Set(partitions)
            revoking = revoked
            if closing || partitions.isEmpty {
                if closing { leaving.formUnion(started) }
                report(answerRevocation(client))
            } else {
                events.append(lost ? .lost(partitions) : .revoked(partitions))
            }
        default:
            rd_kafka_assign(client, nil)
            guard !closing else { return }
            events.append(.failed(KafkaFailure.error(code, "rebalancing")))
        }
    }

    /// Begins fetching at the offsets given.
    ///
    /// - Parameter others: where reading goes on in the partitions that are fetched already.
    /// - Returns: whether the others, too, begin anew there.
    func start(
        _ client: OpaquePointer, _ positions: [TopicPartition: Offset],
        beside others: [TopicPartition: Offset]
    ) throws -> Bool {
        let eager = eager(client)
        let all = eager ? others.merging(positions) { _, new in new } : positions
        let list = PartitionList(capacity: all.count)
        for (partition, offset) in all.sorted(by: { $0.key < $1.key }) {
            list.add(partition, CommittedOffset(offset: offset))
        }
        if eager {
            try replace(client, list)
        } else if let error = rd_kafka_incremental_assign(client, list.raw) {
            throw KafkaFailure.error(consuming: error, "assigning \(positions.count) partitions")
        }
        started.formUnion(positions.keys)
        return eager
    }

    /// The eager protocol takes whole assignments only.
    private func replace(_ client: OpaquePointer, _ list: borrowing PartitionList) throws {
        let code = rd_kafka_assign(client, list.raw)
        guard code == RD_KAFKA_RESP_ERR_NO_ERROR else {
            throw KafkaFailure.error(code, "assigning \(list.entries.count) partitions")
        }
    }

    /// Ends fetching, at once or together with the rest of a pending revocation.
    ///
    /// - Parameter others: where reading goes on in the partitions that stay.
    /// - Returns: whether the others begin anew there.
    func stop(
        _ client: OpaquePointer, _ partitions: [TopicPartition],
        beside others: [TopicPartition: Offset]
    ) throws -> Bool {
        let fetched = partitions.filter { started.contains($0) && !leaving.contains($0) }
        guard !revoking.isEmpty else {
            guard !fetched.isEmpty else { return false }
            started.subtract(fetched)
            guard !eager(client) else { return try start(client, [:], beside: others) }
            try leave(client, fetched)
            return false
        }
        leaving.formUnion(fetched)
        revoking.subtract(partitions)
        if revoking.isEmpty, let error = answerRevocation(client) { throw error }
        return false
    }

    /// Gives all up that a pending revocation still waits for.
    func surrender(_ client: OpaquePointer) {
        guard !revoking.isEmpty else { return }
        leaving.formUnion(revoking.intersection(started))
        _ = answerRevocation(client)
    }

    private func leave(_ client: OpaquePointer, _ partitions: [TopicPartition]) throws {
        let list = PartitionList(partitions)
        if let error = rd_kafka_incremental_unassign(client, list.raw) {
            throw KafkaFailure.error(
                consuming: error, "unassigning \(partitions.count) partitions")
        }
    }

    private func answerRevocation(_ client: OpaquePointer) -> DataflowError? {
        assigned.subtract(revoked)
        revoked = []
        revoking = []
        let partitions = leaving.sorted()
        leaving = []
        guard !eager(client) else {
            // The eager protocol gives everything up before it shares anew.
            started = []
            let code = rd_kafka_assign(client, nil)
            return code == RD_KAFKA_RESP_ERR_NO_ERROR
                ? nil : KafkaFailure.error(code, "giving partitions up")
        }
        started.subtract(partitions)
        let list = PartitionList(partitions)
        return rd_kafka_incremental_unassign(client, list.raw).map {
            KafkaFailure.error(consuming: $0, "giving \(partitions.count) partitions up")
        }
    }

    /// Accepts an assignment without fetching any of it yet.
    private func acknowledge(_ client: OpaquePointer) -> DataflowError? {
        let list = PartitionList()
        guard !eager(client) else {
            let code = rd_kafka_assign(client, list.raw)
            return code == RD_KAFKA_RESP_ERR_NO_ERROR
                ? nil : KafkaFailure.error(code, "taking an assignment")
        }
        return rd_kafka_incremental_assign(client, list.raw).map {
            KafkaFailure.error(consuming: $0, "taking an assignment")
        }
    }

    /// Whether the group revokes everything at every rebalance; so it is with `range`.
    private func eager(_ client: OpaquePointer) -> Bool {
        guard let name = rd_kafka_rebalance_protocol(client) else { return false }
        return String(cString: name) == "EAGER"
    }

    private func report(_ error: DataflowError?) {
        guard let error, !closing else { return }
        events.append(.failed(error))
    }
}
