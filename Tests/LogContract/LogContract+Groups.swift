import Records
import Testing

extension LogContract {
    func commit() throws {
        let topic = try fixture.makeTopic(partitions: 3)
        let group = fixture.makeGroup()
        let partitions = (0..<3).map { TopicPartition(topic: topic, partition: $0) }
        let note = String((0..<512).map { Character(UnicodeScalar(UInt8(33 + $0 % 94))) })
        do {
            let reader = try fixture.makeReader(group: group)
            defer { reader.close() }
            #expect(try reader.committed(partitions).isEmpty)
            try reader.commit([
                partitions[0]: CommittedOffset(offset: Offset(3), metadata: note),
                partitions[1]: CommittedOffset(offset: Offset(0)),
            ])
        }
        let reader = try fixture.makeReader(group: group)
        defer { reader.close() }
        let expected = [
            partitions[0]: CommittedOffset(offset: Offset(3), metadata: note),
            partitions[1]: CommittedOffset(offset: Offset(0)),
        ]
        #expect(try reader.committed(partitions) == expected)
        try reader.commit([partitions[0]: CommittedOffset(offset: Offset(9), metadata: "e=2")])
        #expect(
            try reader.committed([partitions[0]])
                == [partitions[0]: CommittedOffset(offset: Offset(9), metadata: "e=2")])
        let stranger = try fixture.makeReader(group: fixture.makeGroup())
        defer { stranger.close() }
        #expect(try stranger.committed(partitions).isEmpty)
    }

    func commitLimits() throws {
        let topic = try fixture.makeTopic(partitions: 1)
        let partition = TopicPartition(topic: topic, partition: 0)
        let reader = try fixture.makeReader(group: fixture.makeGroup())
        defer { reader.close() }
        for note in [String(repeating: "x", count: 513), "ä", "a\nb"] {
            #expect(throws: DataflowError.self) {
                try reader.commit([partition: CommittedOffset(offset: Offset(1), metadata: note)])
            }
        }
        #expect(try reader.committed([partition]).isEmpty)
    }

    func groupSharing() throws {
        guard fixture.features.contains(.groups) else { return }
        let topic = try fixture.makeTopic(partitions: 4)
        let group = fixture.makeGroup()
        let all = Set((0..<4).map { TopicPartition(topic: topic, partition: $0) })
        let writer = try fixture.makeWriter()
        defer { writer.close() }
        for partition in 0..<Int32(4) {
            try writer.writeThrough(.numbered(topic, partition, 0..<20))
        }
        var first = GroupMember(try fixture.makeMember(group: group, topics: [topic]))
        defer { first.reader.close() }
        _ = try eventually("the first member has all", idle: { first.idle() }) {
            try first.step()
            return first.owned == all && first.hasRead(20) ? true : nil
        }
        var second = GroupMember(try fixture.makeMember(group: group, topics: [topic]))
        var open = true
        defer { if open { second.reader.close() } }
        _ = try eventually("both share", idle: { first.idle() }) {
            try first.step()
            try second.step()
            #expect(first.owned.isDisjoint(with: second.owned))
            return first.owned.count == 2 && second.owned.count == 2
                && first.owned.union(second.owned) == all
                && first.hasRead(20) && second.hasRead(20) ? true : nil
        }
        // The members are known to the group: it takes their commits.
        for partition in first.owned.sorted() {
            try first.reader.commit([partition: CommittedOffset(offset: Offset(5))])
        }
        #expect(try second.reader.committed(first.owned.sorted()).count == 2)
        second.reader.close()
        open = false
        _ = try eventually("the first has all again", idle: { first.idle() }) {
            try first.step()
            return first.owned == all && first.hasRead(20) ? true : nil
        }
    }
}
