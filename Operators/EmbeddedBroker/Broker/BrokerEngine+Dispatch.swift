internal import BrokerModel
internal import Records

// Which requests are served, and by what.

extension BrokerEngine {
    /// The description of each API that is served.
    static let served: [APIKey: MessageLayout] = {
        let layouts: [MessageLayout] = [
            ProduceRequest.layout, FetchRequest.layout, ListOffsetsRequest.layout,
            MetadataRequest.layout, OffsetCommitRequest.layout, OffsetFetchRequest.layout,
            FindCoordinatorRequest.layout, JoinGroupRequest.layout, HeartbeatRequest.layout,
            LeaveGroupRequest.layout, SyncGroupRequest.layout, DescribeGroupsRequest.layout,
            ListGroupsRequest.layout, SaslHandshakeRequest.layout, ApiVersionsRequest.layout,
            CreateTopicsRequest.layout, DeleteTopicsRequest.layout, DeleteRecordsRequest.layout,
            InitProducerIdRequest.layout, OffsetForLeaderEpochRequest.layout,
            AddPartitionsToTxnRequest.layout, AddOffsetsToTxnRequest.layout,
            EndTxnRequest.layout, TxnOffsetCommitRequest.layout, DescribeConfigsRequest.layout,
            AlterConfigsRequest.layout, DescribeLogDirsRequest.layout,
            SaslAuthenticateRequest.layout, CreatePartitionsRequest.layout,
            DeleteGroupsRequest.layout, IncrementalAlterConfigsRequest.layout,
            OffsetDeleteRequest.layout, DescribeClusterRequest.layout,
            DescribeProducersRequest.layout, DescribeTransactionsRequest.layout,
            ListTransactionsRequest.layout, ConsumerGroupHeartbeatRequest.layout,
            DescribeTopicPartitionsRequest.layout,
        ]
        return Dictionary(uniqueKeysWithValues: layouts.map { ($0.key, $0) })
    }()

    /// The APIs that are announced.
    ///
    /// The group protocol of KIP-848 is not: clients then fall back or say so themselves, and who
    /// asks nevertheless is declined.
    static let announced = served.values.filter { $0.key != .consumerGroupHeartbeat }
        .sorted { $0.key.rawValue < $1.key.rawValue }

    /// Calls what serves the request.
    func dispatch(
        _ key: APIKey, _ context: RequestContext, reader: ByteReader,
        frame: UnsafeRawBufferPointer, now: Int64
    ) throws(CodecError) {
        switch key {
        case .produce:
            produce(try read(ProduceRequest.self, context, reader), frame, context, now: now)
        case .fetch: fetch(try read(FetchRequest.self, context, reader), context, now: now)
        case .listOffsets:
            reply(listOffsets(try read(ListOffsetsRequest.self, context, reader)), to: context)
        case .metadata:
            metadata(try read(MetadataRequest.self, context, reader), context, now: now)
        case .apiVersions:
            _ = try read(ApiVersionsRequest.self, context, reader)
            reply(apiVersions(error: .none), to: context)
        case .findCoordinator:
            reply(
                findCoordinator(try read(FindCoordinatorRequest.self, context, reader), context),
                to: context)
        case .offsetForLeaderEpoch:
            let request = try read(OffsetForLeaderEpochRequest.self, context, reader)
            reply(offsetForLeaderEpoch(request), to: context)
        case .deleteRecords:
            deleteRecords(try read(DeleteRecordsRequest.self, context, reader), context)
        case .describeCluster:
            let request = try read(DescribeClusterRequest.self, context, reader)
            reply(describeCluster(request, context), to: context)
        case .describeTopicPartitions:
            let request = try read(DescribeTopicPartitionsRequest.self, context, reader)
            reply(describeTopicPartitions(request), to: context)
        case .saslHandshake:
            saslHandshake(try read(SaslHandshakeRequest.self, context, reader), context)
        case .saslAuthenticate:
            saslAuthenticate(try read(SaslAuthenticateRequest.self, context, reader), context)
        case .joinGroup, .syncGroup, .heartbeat, .leaveGroup, .offsetCommit, .offsetFetch,
            .offsetDelete, .listGroups, .describeGroups, .deleteGroups, .consumerGroupHeartbeat:
            try dispatchGroup(key, context, reader: reader, now: now)
        case .initProducerId, .addPartitionsToTxn, .addOffsetsToTxn, .txnOffsetCommit, .endTxn,
            .describeProducers, .describeTransactions, .listTransactions:
            try dispatchTransaction(key, context, reader: reader, now: now)
        case .createTopics, .deleteTopics, .createPartitions, .describeConfigs, .alterConfigs,
            .incrementalAlterConfigs, .describeLogDirs:
            try dispatchAdmin(key, context, reader: reader, now: now)
        }
    }

    private func dispatchGroup(
        _ key: APIKey, _ context: RequestContext, reader: ByteReader, now: Int64
    ) throws(CodecError) {
        switch key {
        case .joinGroup:
            joinGroup(try read(JoinGroupRequest.self, context, reader), context, now: now)
        case .syncGroup:
            syncGroup(try read(SyncGroupRequest.self, context, reader), context, now: now)
        case .heartbeat:
            var response = HeartbeatResponse()
            let request = try read(HeartbeatRequest.self, context, reader)
            response.errorCode = groups.heartbeat(request, now: now).rawValue
            reply(response, to: context)
        case .leaveGroup:
            let request = try read(LeaveGroupRequest.self, context, reader)
            reply(groups.leave(request, version: context.version, now: now), to: context)
        case .offsetCommit:
            offsetCommit(try read(OffsetCommitRequest.self, context, reader), context, now: now)
        case .offsetFetch:
            let request = try read(OffsetFetchRequest.self, context, reader)
            reply(offsetFetch(request, version: context.version), to: context)
        case .offsetDelete:
            offsetDelete(try read(OffsetDeleteRequest.self, context, reader), context)
        case .listGroups:
            reply(listGroups(try read(ListGroupsRequest.self, context, reader)), to: context)
        case .describeGroups:
            let request = try read(DescribeGroupsRequest.self, context, reader)
            reply(describeGroups(request, version: context.version), to: context)
        case .deleteGroups:
            deleteGroups(try read(DeleteGroupsRequest.self, context, reader), context)
        case .consumerGroupHeartbeat:
            _ = try read(ConsumerGroupHeartbeatRequest.self, context, reader)
            var response = ConsumerGroupHeartbeatResponse()
            response.errorCode = ErrorCode.unsupportedVersion.rawValue
            response.errorMessage = "This broker coordinates groups of the classic protocol only."
            reply(response, to: context)
        default: throw .malformed("\(key) is not a group's")
        }
    }

    private func dispatchTransaction(
        _ key: APIKey, _ context: RequestContext, reader: ByteReader, now: Int64
    ) throws(CodecError) {
        switch key {
        case .initProducerId:
            let request = try read(InitProducerIdRequest.self, context, reader)
            transactions.initialise(
                request, version: context.version, token: token(for: context), now: now)
        case .addPartitionsToTxn:
            let request = try read(AddPartitionsToTxnRequest.self, context, reader)
            addPartitions(request, context, now: now)
        case .addOffsetsToTxn:
            addOffsets(try read(AddOffsetsToTxnRequest.self, context, reader), context, now: now)
        case .txnOffsetCommit:
            txnOffsetCommit(
                try read(TxnOffsetCommitRequest.self, context, reader), context, now: now)
        case .endTxn:
            endTransaction(try read(EndTxnRequest.self, context, reader), context, now: now)
        case .describeProducers:
            let request = try read(DescribeProducersRequest.self, context, reader)
            reply(describeProducers(request), to: context)
        case .describeTransactions:
            let request = try read(DescribeTransactionsRequest.self, context, reader)
            reply(describeTransactions(request), to: context)
        case .listTransactions:
            let request = try read(ListTransactionsRequest.self, context, reader)
            reply(listTransactions(request, now: now), to: context)
        default: throw .malformed("\(key) is not a transaction's")
        }
    }

    private func dispatchAdmin(
        _ key: APIKey, _ context: RequestContext, reader: ByteReader, now: Int64
    ) throws(CodecError) {
        switch key {
        case .createTopics:
            createTopics(try read(CreateTopicsRequest.self, context, reader), context, now: now)
        case .deleteTopics:
            deleteTopics(try read(DeleteTopicsRequest.self, context, reader), context)
        case .createPartitions:
            let request = try read(CreatePartitionsRequest.self, context, reader)
            createPartitions(request, context, now: now)
        case .describeConfigs:
            let request = try read(DescribeConfigsRequest.self, context, reader)
            reply(describeConfigs(request), to: context)
        case .alterConfigs:
            alterConfigs(try read(AlterConfigsRequest.self, context, reader), context)
        case .incrementalAlterConfigs:
            let request = try read(IncrementalAlterConfigsRequest.self, context, reader)
            incrementalAlterConfigs(request, context)
        case .describeLogDirs:
            let request = try read(DescribeLogDirsRequest.self, context, reader)
            reply(describeLogDirs(request), to: context)
        default: throw .malformed("\(key) is not an administrator's")
        }
    }
}
