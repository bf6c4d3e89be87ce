internal import CRdKafka
internal import Glibc
package import Records

/// Who a group's member is, as a transaction tells the cluster when it commits its offsets.
///
/// Read immediately before use: every rebalance makes another.
package final class KafkaGroupMetadata: GroupIdentity {
    let raw: OpaquePointer
    /// The group's generation; negative for somebody who is no member.
    package let generation: Int32
    /// The member's id; empty for somebody who is no member.
    package let memberID: String

    /// Takes the object over.
    init(consuming raw: OpaquePointer) throws {
        self.raw = raw
        (generation, memberID) = try Self.identity(raw)
    }

    deinit { rd_kafka_consumer_group_metadata_destroy(raw) }

    /// Whether a cluster can tell this member from any other: it checks nothing for a generation
    /// below 0.
    package var identifiesMember: Bool { generation >= 0 && !memberID.isEmpty }

    /// Generation and member, which librdkafka shows in no other way than in its serialised form:
    /// `CGMDv2:`, the generation in the machine's byte order, then group, member and instance, each
    /// ended by a zero.
    private static func identity(_ raw: OpaquePointer) throws -> (Int32, String) {
        var buffer: UnsafeMutableRawPointer?
        var size = 0
        if let error = rd_kafka_consumer_group_metadata_write(raw, &buffer, &size) {
            throw KafkaFailure.error(consuming: error, "reading the group's metadata")
        }
        defer { rd_kafka_mem_free(nil, buffer) }
        let bytes = Array(UnsafeRawBufferPointer(start: buffer, count: size))
        let magic = Array("CGMDv2:".utf8)
        guard bytes.starts(with: magic), bytes.count >= magic.count + 4 else {
            throw DataflowError(
                .invariant, domain: .internal, retry: .restart,
                "this librdkafka serialises group metadata in an unknown form")
        }
        let generation = bytes.withUnsafeBytes {
            $0.loadUnaligned(fromByteOffset: magic.count, as: Int32.self)
        }
        let texts = bytes[(magic.count + 4)...].split(
            separator: 0, maxSplits: 2, omittingEmptySubsequences: false)
        guard texts.count > 1 else { return (generation, "") }
        return (generation, String(decoding: texts[1], as: UTF8.self))
    }
}

extension KafkaReader {
    package func identity() throws -> any GroupIdentity { try groupMetadata() }

    package func owns(_ partitions: [TopicPartition]) -> Bool {
        guard case .group = options.membership else { return true }
        return rd_kafka_assignment_lost(handle.raw) == 0
            && partitions.allSatisfy { membership.assigned.contains($0) }
    }

    package var isGivingBack: Bool { !membership.revoking.isEmpty }

    /// Who this member is now.
    ///
    /// - Throws: `.fenced` when the reader has lost its place in the group, so that nobody commits
    ///   with an identity that the cluster would not check.
    package func groupMetadata() throws -> KafkaGroupMetadata {
        try checkOpen()
        guard let raw = rd_kafka_consumer_group_metadata(handle.raw) else {
            throw DataflowError(
                .invariant, domain: .internal, "the reader belongs to no group")
        }
        let metadata = try KafkaGroupMetadata(consuming: raw)
        guard case .group(let group, _) = options.membership else { return metadata }
        guard metadata.identifiesMember, rd_kafka_assignment_lost(handle.raw) == 0 else {
            throw DataflowError(
                .fenced, domain: .external, retry: .restart,
                "the reader is no member of the group \(group) at present")
        }
        return metadata
    }
}
