package import Records
import Testing

/// A member that takes what it is given and gives up what it is asked for.
package struct GroupMember {
    /// The member.
    package let reader: any LogReader
    /// What it reads.
    package private(set) var owned: Set<TopicPartition> = []

    /// The offsets that it read of each since it was last given it, from 0.
    package private(set) var seen: [TopicPartition: [Offset]] = [:]

    /// A member that owns nothing yet.
    package init(_ reader: any LogReader) { self.reader = reader }

    /// Answers the group, and reads a little of everything.
    package mutating func step() throws {
        for event in try reader.poll() {
            switch event {
            case .assigned(let partitions):
                #expect(owned.isDisjoint(with: partitions))
                owned.formUnion(partitions)
                for partition in partitions { seen[partition] = [] }
                // One by one, as an engine does whose tasks restore at their own pace.
                for partition in partitions { try reader.assign([partition: Offset(0)]) }
            case .revoked(let partitions), .lost(let partitions):
                #expect(owned.isSuperset(of: partitions))
                owned.subtract(partitions)
                for partition in partitions { try reader.unassign([partition]) }
            case .failed(let error):
                throw error
            }
        }
        for partition in owned.sorted() {
            _ = try reader.read(partition, maximum: 7) { batch in
                seen[partition, default: []] += batch.records.map(\.offset)
            }
        }
    }

    /// Whether it has read exactly the first `count` records of all it owns.
    package func hasRead(_ count: Int64) -> Bool {
        owned.allSatisfy { seen[$0] == (0..<count).map { Offset($0) } }
    }

    /// Waits a moment.
    package func idle() { reader.wait(milliseconds: 20) }
}
