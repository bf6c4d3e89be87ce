internal import CRdKafka
package import Records

/// A log reader on librdkafka.
///
/// Each partition has a queue of its own, filled by the client's threads up to its share of the
/// memory budget and read by this reader's one thread; the group's queue carries events only.
/// Nothing is ever paused, resumed or sought: a partition moves by ``unassign(_:)`` and
/// ``assign(_:)``. Offsets come from records.
///
/// A group over several topics uses the eager protocol, which knows whole assignments only: there
/// each ``assign(_:)`` makes the other partitions fetch anew from where reading stands, so that
/// partitions are best assigned together.
package final class KafkaReader: LogReader {
    let options: KafkaReaderOptions
    let handle: ClientHandle
    let membership: GroupMembership
    /// Tells a group what another authority has decided; nil for a reader that is no member.
    let announcer: GroupAnnouncer?
    private let signal: WakeSignal
    private let groupQueue: OpaquePointer
    private let buffer = BatchBuffer()
    private var fetchers: [TopicPartition: PartitionFetcher] = [:]
    private var closed = false
    private var reportedFatal = false

    /// How long ``close()`` tries to leave the group.
    package static let closeTimeoutMilliseconds = 5_000

    /// Starts a client and, for a group's member, subscribes.
    ///
    /// - Throws: `.invalidConfiguration`, or `.invalidDefinition` for a group without topics.
    package init(_ configuration: KafkaConfiguration, _ options: KafkaReaderOptions) throws {
        let context = ClientContext(log: configuration.log)
        let membership = GroupMembership()
        context.membership = membership
        let handle = try ClientHandle(
            .consumer, configuration, settings: options.settings, context: context
        ) { conf in
            rd_kafka_conf_set_rebalance_cb(conf) { client, code, list, opaque in
                guard let client, let context = ClientContext.from(opaque) else { return }
                context.membership?.rebalance(client, code, list)
            }
        }
        guard let queue = rd_kafka_queue_get_consumer(handle.raw) else {
            throw DataflowError(
                .invariant, domain: .internal, "the kafka consumer has no group queue")
        }
        self.options = options
        self.handle = handle
        self.membership = membership
        if case .group(let group, _) = options.membership {
            announcer = GroupAnnouncer(
                configuration, group: group,
                timeoutMilliseconds: options.requestTimeoutMilliseconds)
        } else {
            announcer = nil
        }
        groupQueue = queue
        let signal = WakeSignal()
        self.signal = signal
        // Errors of connections come by the same queue as the group's events.
        rd_kafka_poll_set_consumer(handle.raw)
        let opaque = Unmanaged.passUnretained(signal).toOpaque()
        rd_kafka_queue_cb_event_enable(
            queue,
            { _, opaque in
                guard let opaque else { return }
                Unmanaged<WakeSignal>.fromOpaque(opaque)._withUnsafeGuaranteedRef { $0.raise() }
            }, opaque)
        if case .group(let group, let topics) = options.membership {
            try subscribe(group, topics)
        }
    }

    deinit { close() }

    private func subscribe(_ group: String, _ topics: [String]) throws {
        guard !topics.isEmpty else {
            throw DataflowError(
                .invalidDefinition, domain: .user, "the group \(group) reads no topic")
        }
        let list = PartitionList(topics.map { TopicPartition(topic: $0, partition: -1) })
        let code = rd_kafka_subscribe(handle.raw, list.raw)
        guard code == RD_KAFKA_RESP_ERR_NO_ERROR else {
            throw KafkaFailure.error(code, "joining the group \(group)")
        }
    }

    // MARK: - Assignment

    package func poll() throws -> [GroupEvent] {
        try checkOpen()
        serveAnnouncements()
        var events: [GroupEvent] = []
        // Bounded: a queue that fills as fast as it is emptied must not hold the thread.
        for _ in 0..<1_024 {
            guard let message = rd_kafka_consumer_poll(handle.raw, 0) else { break }
            defer { rd_kafka_message_destroy(message) }
            if let error = groupFailure(message.pointee) { events.append(.failed(error)) }
        }
        events.insert(contentsOf: membership.takeEvents(), at: 0)
        if !handle.context.failures.isEmpty {
            events += handle.context.failures.map { .failed($0) }
            handle.context.failures.removeAll()
        }
        if !reportedFatal, let fatal = handle.fatal {
            reportedFatal = true
            events.append(.failed(fatal))
        }
        return events
    }

    /// What a message of the group's queue says; nil when librdkafka mends it by itself.
    private func groupFailure(_ message: rd_kafka_message_t) -> DataflowError? {
        switch message.err {
        case RD_KAFKA_RESP_ERR_NO_ERROR:
            // It would be lost without a word: partitions have queues of their own.
            return DataflowError(
                .invariant, domain: .internal, retry: .restart,
                "a record came by the group's queue")
        case RD_KAFKA_RESP_ERR__PARTITION_EOF,
            RD_KAFKA_RESP_ERR__FATAL,
            // Followed by the loss of the assignment, which is told as such.
            RD_KAFKA_RESP_ERR__MAX_POLL_EXCEEDED, RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID,
            RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION:
            return nil
        default:
            let topic = message.rkt.map { String(cString: rd_kafka_topic_name($0)) }
            let place = topic.flatMap { topic in
                message.partition >= 0
                    ? TopicPartition(topic: topic, partition: message.partition) : nil
            }
            let doing = topic.map { "reading topic \($0)" } ?? "reading as a group"
            return KafkaFailure.error(message.err, doing, partition: place)
        }
    }

    package func assign(_ positions: [TopicPartition: Offset]) throws {
        try checkOpen()
        guard !positions.isEmpty else { return }
        for (partition, offset) in positions.sorted(by: { $0.key < $1.key }) {
            try checkAssignable(partition, offset)
        }
        var added: [TopicPartition: PartitionFetcher] = [:]
        for (partition, offset) in positions {
            let fetcher = PartitionFetcher(handle.raw, partition, at: offset, wake: signal)
            guard let fetcher else {
                throw KafkaFailure.error(
                    RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION, "assigning", partition: partition)
            }
            added[partition] = fetcher
        }
        if try membership.start(handle.raw, positions, beside: fetchers.mapValues(\.next)) {
            for fetcher in fetchers.values { fetcher.beginAnew() }
        }
        fetchers.merge(added) { _, new in new }
    }

    private func checkAssignable(_ partition: TopicPartition, _ offset: Offset) throws {
        guard fetchers[partition] == nil else {
            throw DataflowError(
                .invariant, domain: .internal, "the partition is assigned already",
                partition: partition)
        }
        guard offset.rawValue >= 0, partition.partition >= 0 else {
            throw DataflowError(
                .invariant, domain: .internal, "neither partition nor offset may be negative",
                partition: partition, offset: offset)
        }
        guard case .group(let group, _) = options.membership else { return }
        guard membership.assigned.contains(partition), !membership.revoking.contains(partition)
        else {
            throw DataflowError(
                .fenced, domain: .external, retry: .restart,
                "the group \(group) has not assigned this partition to this member",
                partition: partition)
        }
    }

    package func unassign(_ partitions: [TopicPartition]) throws {
        try checkOpen()
        for partition in partitions { fetchers.removeValue(forKey: partition)?.detach() }
        let others = fetchers.mapValues(\.next)
        let leaving = membership.revoking.intersection(partitions)
        if !leaving.isEmpty { announcer?.handOver(leaving, of: announceable) }
        if try membership.stop(handle.raw, partitions, beside: others) {
            for fetcher in fetchers.values { fetcher.beginAnew() }
        }
    }

    // MARK: - Reading

    package func read(
        _ partition: TopicPartition, maximum: Int, _ body: (RecordBatch) throws -> Void
    ) throws -> Offset? {
        guard let fetcher = fetchers[partition] else {
            throw DataflowError(
                .invariant, domain: .internal, "the partition is not assigned",
                partition: partition)
        }
        if let failure = fetcher.failure {
            fetcher.failure = nil
            throw readFailure(fetcher, failure.code, failure.text)
        }
        let limit = min(max(1, maximum), BatchBuffer.maximum)
        let count = try fill(fetcher, limit)
        guard count > 0 else { return fetcher.end }
        defer { destroyMessages(count) }
        let (records, stop, end) = buffer.view(count, end: fetcher.end)
        fetcher.end = end
        if stop < count { try hold(fetcher, from: stop, to: count, records: records) }
        guard records > 0 else { return fetcher.end }
        let batch = RecordBatch(
            partition: partition,
            records: UnsafeBufferPointer(rebasing: buffer.views[0..<records]))
        fetcher.next = batch.next ?? fetcher.next
        try body(batch)
        // Whoever took the batch may have let the partition begin anew somewhere else.
        return fetchers[partition] === fetcher ? fetcher.end : nil
    }

    /// Takes messages that were held back, else from the partition's queue.
    private func fill(_ fetcher: PartitionFetcher, _ limit: Int) throws -> Int {
        buffer.reserve(max(limit, fetcher.held.count))
        guard fetcher.held.isEmpty else {
            let count = min(fetcher.held.count, limit)
            for index in 0..<count { buffer.messages[index] = fetcher.held[index] }
            fetcher.held.removeFirst(count)
            return count
        }
        let count = fetcher.consume(into: buffer.messages.baseAddress, limit)
        if fetcher.hasMadeRoom(count, of: limit) { handle.wakeNetwork() }
        guard count >= 0 else {
            throw KafkaFailure.error(
                rd_kafka_last_error(), "reading", partition: fetcher.partition)
        }
        return count
    }

    /// Keeps what lies behind an error for the next call, and throws the error when nothing is
    /// before it.
    private func hold(
        _ fetcher: PartitionFetcher, from stop: Int, to count: Int, records: Int
    ) throws {
        guard let failed = buffer.messages[stop] else { return }
        var rest: [PartitionFetcher.Message] = []
        for index in stop + 1..<max(count, stop + 1) {
            if let message = buffer.messages[index] { rest.append(message) }
            buffer.messages[index] = nil
        }
        fetcher.held.insert(contentsOf: rest, at: 0)
        signal.raise()
        let code = failed.pointee.err
        let text = rd_kafka_message_errstr(failed).map { String(cString: $0) } ?? ""
        fetcher.end = nil
        guard records == 0 else {
            fetcher.failure = (code, text)
            return
        }
        throw readFailure(fetcher, code, text)
    }

    private func destroyMessages(_ count: Int) {
        for index in 0..<count {
            if let message = buffer.messages[index] { rd_kafka_message_destroy(message) }
        }
    }

    private func readFailure(
        _ fetcher: PartitionFetcher, _ code: rd_kafka_resp_err_t, _ text: String
    ) -> DataflowError {
        var error = KafkaFailure.error(
            code, "reading", detail: text, partition: fetcher.partition, offset: fetcher.next)
        guard error.code == .offsetOutOfRange else { return error }
        guard let bounds = try? bounds(of: fetcher.partition) else { return error }
        let next = fetcher.next
        if next < bounds.earliest {
            let missing = bounds.earliest.rawValue - next.rawValue
            error.message =
                "the log begins at \(bounds.earliest): \(missing) offsets from"
                + " \(next) on are gone (\(KafkaFailure.name(code)))"
        } else {
            error.message =
                "the log ends at \(bounds.end), before the offset \(next) at which"
                + " reading was to go on (\(KafkaFailure.name(code)))"
        }
        return error
    }

    // MARK: - Waiting

    package func wait(milliseconds: Int) {
        signal.wait(milliseconds: milliseconds)
    }

    /// Ends the present or the next ``wait(milliseconds:)``; may be called on any thread.
    package nonisolated func wake() {
        signal.raise()
    }

    /// A function that does what ``wake()`` does, for other threads.
    package var waker: @Sendable () -> Void {
        { [signal] in signal.raise() }
    }

    // MARK: - Closing

    func checkOpen() throws {
        guard closed else { return }
        throw DataflowError(.invariant, domain: .internal, "the kafka reader is closed")
    }

    package func close() {
        guard !closed else { return }
        closed = true
        membership.closing = true
        // Partition queues go first: librdkafka asks for it.
        for fetcher in fetchers.values { fetcher.detach() }
        fetchers.removeAll()
        announcer?.close(announceable)
        membership.surrender(handle.raw)
        rd_kafka_queue_cb_event_enable(groupQueue, nil, nil)
        leaveGroup()
        rd_kafka_queue_destroy(groupQueue)
        handle.isAbandoned = mustNotBeFreed
        handle.destroy()
    }

    /// Whether freeing the client may end the process.
    ///
    /// librdkafka before 2.3.0 aborts when it frees a cooperative member that has joined and was never told what
    /// is its own (its issue 4312). Whether it has joined nobody can ask once it has left.
    private var mustNotBeFreed: Bool {
        guard case .group = options.membership, rd_kafka_version() < 0x0203_00FF else {
            return false
        }
        return !membership.hasBeenAssigned
    }

    /// Leaves within a bounded time; the cluster finds a member out that could not say goodbye.
    private func leaveGroup() {
        guard case .group = options.membership, let queue = rd_kafka_queue_new(handle.raw)
        else { return }
        defer { rd_kafka_queue_destroy(queue) }
        if let error = rd_kafka_consumer_close_queue(handle.raw, queue) {
            rd_kafka_error_destroy(error)
            return
        }
        let deadline = ContinuousClock.now + .milliseconds(Self.closeTimeoutMilliseconds)
        while rd_kafka_consumer_closed(handle.raw) == 0, ContinuousClock.now < deadline {
            rd_kafka_queue_poll_callback(queue, 50)
        }
        if rd_kafka_consumer_closed(handle.raw) == 0 { handle.unanswered = true }
    }
}
