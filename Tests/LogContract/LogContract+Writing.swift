import Records
import Testing

extension LogContract {
    func presence() throws {
        let shapes: [(key: [UInt8]?, value: [UInt8]?)] = [
            (nil, nil), (nil, []), ([], nil), ([], []), ([1], nil), ([1], []), (nil, [2]),
            ([], [2]),
            ([1, 2], [3, 4]),
        ]
        var batch = OutputBatch(topics: [try fixture.makeTopic(partitions: 1)])
        for shape in shapes { batch.append(partition: 0, key: shape.key, value: shape.value) }
        let seen = try roundTrip(batch)
        #expect(seen.map(\.key) == shapes.map(\.key))
        #expect(seen.map(\.value) == shapes.map(\.value))
        // Alone, so that the batch holds no bytes at all.
        var hollow = OutputBatch(topics: [try fixture.makeTopic(partitions: 1)])
        hollow.append(partition: 0, key: [], value: [])
        hollow.append(partition: 0, key: nil, value: nil)
        let hollowSeen = try roundTrip(hollow)
        #expect(hollowSeen.map(\.key) == [[], nil])
        #expect(hollowSeen.map(\.value) == [[], nil])
    }

    func times() throws {
        let times: [Int64] = [1, 1_479_772_800_123, 4_102_444_800_000, 1_479_772_799_999]
        var batch = OutputBatch(topics: [try fixture.makeTopic(partitions: 1)])
        for time in times { batch.append(partition: 0, time: time, value: [1]) }
        #expect(try roundTrip(batch).map(\.timestamp.milliseconds) == times)
    }

    func headers() throws {
        var batch = OutputBatch(topics: [try fixture.makeTopic(partitions: 1)])
        batch.append(partition: 0, value: [1])
        batch.append(
            partition: 0, key: [9], value: [2],
            headers: [
                RecordHeader("reason", "too late"), RecordHeader(name: "raw", value: [0, 255]),
            ])
        batch.append(partition: 0, value: nil, headers: [RecordHeader(name: "empty", value: [])])
        batch.append(partition: 0, value: [4])
        let seen = try roundTrip(batch)
        #expect(seen.map(\.value) == [[1], [2], nil, [4]])
        #expect(seen.map(\.key) == [nil, [9], nil, nil])
    }

    func tokens() throws {
        let topic = try fixture.makeTopic(partitions: 4)
        let writer = try fixture.makeWriter()
        defer { writer.close() }
        var tokens: [UInt64] = []
        for token in UInt64(100)..<140 {
            var batch = OutputBatch(topics: [topic])
            for index in 0..<Int(token % 10) {
                batch.append(partition: Int32(index % 4), value: [UInt8(index)])
            }
            try writer.write(batch, token: token)
            tokens += writer.poll().map(\.token)
        }
        try writer.flush(timeoutMilliseconds: 20_000)
        let reports = writer.poll()
        tokens += reports.map(\.token)
        #expect(reports.allSatisfy { $0.error == nil })
        #expect(tokens.sorted() == Array(100..<140))
        #expect(writer.poll().isEmpty)
    }

    func bigBatch() throws {
        let topic = try fixture.makeTopic(partitions: 1)
        var batch = OutputBatch(topics: [topic])
        for index in 0..<10_000 {
            let digits = Array(String(index).utf8)
            batch.append(partition: 0, value: [UInt8](repeating: 48, count: 100) + digits)
        }
        let writer = try fixture.makeWriter()
        defer { writer.close() }
        try writer.writeThrough(batch)
        let reader = try fixture.makeReader(group: nil)
        defer { reader.close() }
        let partition = TopicPartition(topic: topic, partition: 0)
        try reader.assign([partition: Offset(0)])
        let seen = try reader.readAll(partition, atLeast: 10_000, maximum: 700)
        #expect(seen.map(number) == Array(0..<10_000))
    }

    func keyless() throws {
        let topic = try fixture.makeTopic(partitions: 3)
        let writer = try fixture.makeWriter()
        defer { writer.close() }
        var batch = OutputBatch(topics: [topic])
        for index in 0..<50 { batch.append(partition: -1, value: [UInt8(index)]) }
        try writer.writeThrough(batch)
        let reader = try fixture.makeReader(group: nil)
        defer { reader.close() }
        let partitions = (0..<3).map { TopicPartition(topic: topic, partition: $0) }
        try reader.assign(Dictionary(uniqueKeysWithValues: partitions.map { ($0, Offset(0)) }))
        let values = try partitions.flatMap {
            try reader.readAll($0).compactMap { $0.value?.first }
        }
        #expect(values.sorted() == Array(0..<50))
    }

    func unknownPartition() throws {
        let topic = try fixture.makeTopic(partitions: 2)
        let writer = try fixture.makeWriter()
        defer { writer.close() }
        #expect(try writer.partitionCount(of: topic) == 2)
        var batch = OutputBatch.numbered(topic, 0, 0..<3)
        batch.append(partition: 7, value: [1])
        try writer.write(batch, token: 11)
        #expect(throws: DataflowError.self) { try writer.flush(timeoutMilliseconds: 20_000) }
        let reports = writer.poll()
        #expect(reports.map(\.token) == [11])
        let error = try #require(reports.first?.error)
        #expect(error.partition == TopicPartition(topic: topic, partition: 7), "\(error)")
        // The writer goes on.
        try writer.writeThrough(.numbered(topic, 1, 0..<3), token: 12)
    }

    func unknownTopic() throws {
        guard fixture.features.contains(.unknownTopics) else { return }
        let writer = try fixture.makeWriter()
        defer { writer.close() }
        #expect(throws: DataflowError.self) { try writer.partitionCount(of: "nobody-made-this") }
        let reader = try fixture.makeReader(group: nil)
        defer { reader.close() }
        #expect(throws: DataflowError.self) { try reader.partitionCount(of: "nobody-made-this") }
    }

    func badBatch() throws {
        let topic = try fixture.makeTopic(partitions: 1)
        let writer = try fixture.makeWriter()
        defer { writer.close() }
        for (index, range) in [(1, 0..<1), (-1, 0..<1), (0, 0..<5)] {
            var batch = OutputBatch.numbered(topic, 0, 0..<1)
            batch.entries.append(
                OutputBatch.Entry(
                    topic: index, partition: 0, timestamp: EventTime(milliseconds: 1), key: nil,
                    value: range))
            #expect(throws: DataflowError.self) { try writer.write(batch, token: 1) }
        }
        #expect(writer.poll().isEmpty)
    }

    private func roundTrip(_ batch: OutputBatch) throws -> [SeenRecord] {
        let writer = try fixture.makeWriter()
        defer { writer.close() }
        try writer.writeThrough(batch)
        let reader = try fixture.makeReader(group: nil)
        defer { reader.close() }
        let partition = TopicPartition(topic: try #require(batch.topics.first), partition: 0)
        try reader.assign([partition: Offset(0)])
        return try reader.readAll(partition, atLeast: batch.entries.count)
    }
}
