import BrokerModel
import Foundation
import Records
import Testing

@Suite("Message layouts")
struct GoldenFrameTests {
    struct Frame {
        var message: String
        var version: Int16
        var bytes: [UInt8]
    }

    static func frames(_ file: String = "frames.txt") throws -> [Frame] {
        let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("golden/\(file)")
        let text = try String(contentsOf: path, encoding: .utf8)
        return text.split(separator: "\n").filter { !$0.hasPrefix("#") }.map { line in
            let parts = line.split(separator: " ", omittingEmptySubsequences: false)
            let hex = Array(parts[2].utf8)
            let bytes = stride(from: 0, to: hex.count, by: 2).compactMap {
                UInt8(String(decoding: hex[$0..<$0 + 2], as: UTF8.self), radix: 16)
            }
            return Frame(
                message: String(parts[0]), version: Int16(parts[1]) ?? -1, bytes: bytes)
        }
    }

    @Test("read and write what another implementation wrote, byte for byte")
    func golden() throws {
        let frames = try Self.frames()
        #expect(frames.count > 300)
        for frame in frames {
            let rewrite = try #require(Self.messages[frame.message]?.rewrite, "\(frame.message)")
            let rewritten = try rewrite(frame.version, frame.bytes)
            #expect(rewritten == frame.bytes, "\(frame.message) \(frame.version)")
        }
    }

    @Test("read and write null in every field that may be null, byte for byte")
    func nulls() throws {
        let frames = try Self.frames("nulls.txt")
        #expect(frames.count > 150)
        for frame in frames {
            let rewrite = try #require(Self.messages[frame.message]?.rewrite, "\(frame.message)")
            let rewritten = try rewrite(frame.version, frame.bytes)
            #expect(rewritten == frame.bytes, "\(frame.message) \(frame.version)")
        }
    }

    @Test("are checked in every version, of every API, in both directions")
    func completeness() throws {
        var present: Set<String> = []
        for frame in try Self.frames() { present.insert("\(frame.message) \(frame.version)") }
        for (name, message) in Self.messages {
            for version in message.layout.versions {
                #expect(present.contains("\(name) \(version)"), "\(name) \(version)")
            }
        }
        let keys = Set(Self.messages.values.map(\.layout.key))
        #expect(keys == Set(APIKey.allCases) && Self.messages.count == 2 * keys.count)
    }

    @Test("put every value into its own field")
    func values() throws {
        let frame = try #require(
            try Self.frames().first { $0.message == "FetchRequest" && $0.version == 12 })
        let request = try frame.bytes.withUnsafeBytes {
            try FieldReader.read(FetchRequest.self, version: 12, from: ByteReader($0))
        }
        #expect(request.maxWaitMs == 2)
        #expect(request.maxBytes == 4)
        #expect(request.isolationLevel == 5)
        #expect(request.topics[0].topic == "s10")
        #expect(request.topics[0].partitions[0].fetchOffset == 15)
        #expect(request.rackID == "s54")
    }

    @Test("refuse every frame that is cut short, and bytes behind the message")
    func truncation() throws {
        for frame in try Self.frames() where !frame.bytes.isEmpty {
            let rewrite = try #require(Self.messages[frame.message]?.rewrite)
            let isRead = (0..<frame.bytes.count).contains { length in
                (try? rewrite(frame.version, Array(frame.bytes[..<length]))) != nil
            }
            #expect(!isRead, "\(frame.message) \(frame.version)")
            #expect(throws: CodecError.self) {
                _ = try rewrite(frame.version, frame.bytes + [0])
            }
        }
    }

    @Test("pass over tagged fields that they do not know")
    func tagged() throws {
        // ApiVersions 3: two compact strings, then one tagged field of two bytes.
        let bytes: [UInt8] = [2, 0x78, 2, 0x31, 1, 9, 2, 0xaa, 0xbb]
        let request = try bytes.withUnsafeBytes {
            try FieldReader.read(ApiVersionsRequest.self, version: 3, from: ByteReader($0))
        }
        #expect(request.clientSoftwareName == "x")
    }

    @Test("refuse a list that claims more elements than there are bytes")
    func hugeList() {
        let bytes: [UInt8] = [0x7f, 0xff, 0xff, 0xff]
        #expect(throws: CodecError.self) {
            try bytes.withUnsafeBytes {
                try FieldReader.read(MetadataRequest.self, version: 1, from: ByteReader($0))
            }
        }
    }

    struct Rewriting: Sendable {
        var layout: MessageLayout
        var rewrite: @Sendable (Int16, [UInt8]) throws -> [UInt8]
    }

    /// Reads a message and writes it again, with batches put back where they were.
    static func rewritten<M: Message>(_ type: M.Type) -> Rewriting {
        Rewriting(layout: M.layout) { version, bytes in
            try bytes.withUnsafeBytes { buffer in
                let message = try FieldReader.read(
                    M.self, version: version, from: ByteReader(buffer))
                let written = FieldWriter.write(message, version: version)
                var result = written.writer.bytes
                for insertion in written.insertions.reversed() {
                    let before = written.insertions.prefix { $0.position < insertion.position }
                    let start = insertion.position + before.reduce(0) { $0 + $1.count }
                    result.insert(
                        contentsOf: buffer[start..<start + insertion.count],
                        at: insertion.position)
                }
                return result
            }
        }
    }

    static let messages: [String: Rewriting] = {
        [
            "ApiVersionsRequest": rewritten(ApiVersionsRequest.self),
            "ApiVersionsResponse": rewritten(ApiVersionsResponse.self),
            "MetadataRequest": rewritten(MetadataRequest.self),
            "MetadataResponse": rewritten(MetadataResponse.self),
            "ProduceRequest": rewritten(ProduceRequest.self),
            "ProduceResponse": rewritten(ProduceResponse.self),
            "FetchRequest": rewritten(FetchRequest.self),
            "FetchResponse": rewritten(FetchResponse.self),
            "ListOffsetsRequest": rewritten(ListOffsetsRequest.self),
            "ListOffsetsResponse": rewritten(ListOffsetsResponse.self),
            "FindCoordinatorRequest": rewritten(FindCoordinatorRequest.self),
            "FindCoordinatorResponse": rewritten(FindCoordinatorResponse.self),
            "JoinGroupRequest": rewritten(JoinGroupRequest.self),
            "JoinGroupResponse": rewritten(JoinGroupResponse.self),
            "SyncGroupRequest": rewritten(SyncGroupRequest.self),
            "SyncGroupResponse": rewritten(SyncGroupResponse.self),
            "HeartbeatRequest": rewritten(HeartbeatRequest.self),
            "HeartbeatResponse": rewritten(HeartbeatResponse.self),
            "LeaveGroupRequest": rewritten(LeaveGroupRequest.self),
            "LeaveGroupResponse": rewritten(LeaveGroupResponse.self),
            "OffsetCommitRequest": rewritten(OffsetCommitRequest.self),
            "OffsetCommitResponse": rewritten(OffsetCommitResponse.self),
            "OffsetFetchRequest": rewritten(OffsetFetchRequest.self),
            "OffsetFetchResponse": rewritten(OffsetFetchResponse.self),
            "OffsetDeleteRequest": rewritten(OffsetDeleteRequest.self),
            "OffsetDeleteResponse": rewritten(OffsetDeleteResponse.self),
            "ListGroupsRequest": rewritten(ListGroupsRequest.self),
            "ListGroupsResponse": rewritten(ListGroupsResponse.self),
            "DescribeGroupsRequest": rewritten(DescribeGroupsRequest.self),
            "DescribeGroupsResponse": rewritten(DescribeGroupsResponse.self),
            "DeleteGroupsRequest": rewritten(DeleteGroupsRequest.self),
            "DeleteGroupsResponse": rewritten(DeleteGroupsResponse.self),
            "CreateTopicsRequest": rewritten(CreateTopicsRequest.self),
            "CreateTopicsResponse": rewritten(CreateTopicsResponse.self),
            "DeleteTopicsRequest": rewritten(DeleteTopicsRequest.self),
            "DeleteTopicsResponse": rewritten(DeleteTopicsResponse.self),
            "CreatePartitionsRequest": rewritten(CreatePartitionsRequest.self),
            "CreatePartitionsResponse": rewritten(CreatePartitionsResponse.self),
            "DescribeConfigsRequest": rewritten(DescribeConfigsRequest.self),
            "DescribeConfigsResponse": rewritten(DescribeConfigsResponse.self),
            "AlterConfigsRequest": rewritten(AlterConfigsRequest.self),
            "AlterConfigsResponse": rewritten(AlterConfigsResponse.self),
            "IncrementalAlterConfigsRequest": rewritten(IncrementalAlterConfigsRequest.self),
            "IncrementalAlterConfigsResponse": rewritten(IncrementalAlterConfigsResponse.self),
            "DeleteRecordsRequest": rewritten(DeleteRecordsRequest.self),
            "DeleteRecordsResponse": rewritten(DeleteRecordsResponse.self),
            "InitProducerIdRequest": rewritten(InitProducerIdRequest.self),
            "InitProducerIdResponse": rewritten(InitProducerIdResponse.self),
            "AddPartitionsToTxnRequest": rewritten(AddPartitionsToTxnRequest.self),
            "AddPartitionsToTxnResponse": rewritten(AddPartitionsToTxnResponse.self),
            "AddOffsetsToTxnRequest": rewritten(AddOffsetsToTxnRequest.self),
            "AddOffsetsToTxnResponse": rewritten(AddOffsetsToTxnResponse.self),
            "TxnOffsetCommitRequest": rewritten(TxnOffsetCommitRequest.self),
            "TxnOffsetCommitResponse": rewritten(TxnOffsetCommitResponse.self),
            "EndTxnRequest": rewritten(EndTxnRequest.self),
            "EndTxnResponse": rewritten(EndTxnResponse.self),
            "OffsetForLeaderEpochRequest": rewritten(OffsetForLeaderEpochRequest.self),
            "OffsetForLeaderEpochResponse": rewritten(OffsetForLeaderEpochResponse.self),
            "DescribeClusterRequest": rewritten(DescribeClusterRequest.self),
            "DescribeClusterResponse": rewritten(DescribeClusterResponse.self),
            "ConsumerGroupHeartbeatRequest": rewritten(ConsumerGroupHeartbeatRequest.self),
            "ConsumerGroupHeartbeatResponse": rewritten(ConsumerGroupHeartbeatResponse.self),
            "SaslHandshakeRequest": rewritten(SaslHandshakeRequest.self),
            "SaslHandshakeResponse": rewritten(SaslHandshakeResponse.self),
            "SaslAuthenticateRequest": rewritten(SaslAuthenticateRequest.self),
            "SaslAuthenticateResponse": rewritten(SaslAuthenticateResponse.self),
            "DescribeTopicPartitionsRequest": rewritten(DescribeTopicPartitionsRequest.self),
            "DescribeTopicPartitionsResponse": rewritten(DescribeTopicPartitionsResponse.self),
            "DescribeProducersRequest": rewritten(DescribeProducersRequest.self),
            "DescribeProducersResponse": rewritten(DescribeProducersResponse.self),
            "DescribeTransactionsRequest": rewritten(DescribeTransactionsRequest.self),
            "DescribeTransactionsResponse": rewritten(DescribeTransactionsResponse.self),
            "ListTransactionsRequest": rewritten(ListTransactionsRequest.self),
            "ListTransactionsResponse": rewritten(ListTransactionsResponse.self),
            "DescribeLogDirsRequest": rewritten(DescribeLogDirsRequest.self),
            "DescribeLogDirsResponse": rewritten(DescribeLogDirsResponse.self),
        ]
    }()
}
