import Records
import Testing

extension LogContract {
    func order() throws {
        let topic = try fixture.makeTopic(partitions: 3)
        let writer = try fixture.makeWriter()
        defer { writer.close() }
        for step in 0..<5 {
            var batch = OutputBatch(topics: [topic])
            for index in 0..<300 {
                let value = Array(String(step * 100 + index / 3).utf8)
                batch.append(partition: Int32(index % 3), key: [UInt8(index % 7)], value: value)
            }
            try writer.write(batch, token: UInt64(step))
        }
        try writer.flush(timeoutMilliseconds: 20_000)
        let reader = try fixture.makeReader(group: nil)
        defer { reader.close() }
        #expect(try reader.partitionCount(of: topic) == 3)
        let partitions = (0..<3).map { TopicPartition(topic: topic, partition: $0) }
        try reader.assign(Dictionary(uniqueKeysWithValues: partitions.map { ($0, Offset(0)) }))
        for partition in partitions {
            let seen = try reader.readAll(partition, atLeast: 500)
            #expect(seen.map(number) == Array(0..<500))
            #expect(zip(seen, seen.dropFirst()).allSatisfy { $0.offset < $1.offset })
        }
    }

    func explicitOffset() throws {
        let (partition, written) = try numbered(100)
        let reader = try fixture.makeReader(group: nil)
        defer { reader.close() }
        try reader.assign([partition: written[40].offset])
        #expect(try reader.readAll(partition, atLeast: 60) == Array(written[40...]))
    }

    func incremental() throws {
        let topic = try fixture.makeTopic(partitions: 2)
        let (first, second) = (
            TopicPartition(topic: topic, partition: 0), TopicPartition(topic: topic, partition: 1)
        )
        let writer = try fixture.makeWriter()
        defer { writer.close() }
        try writer.writeThrough(.numbered(topic, 0, 0..<50))
        try writer.writeThrough(.numbered(topic, 1, 0..<50))
        let reader = try fixture.makeReader(group: nil)
        defer { reader.close() }
        try reader.assign([first: Offset(0)])
        var seen: [SeenRecord] = []
        _ = try eventually("ten records", idle: { reader.wait(milliseconds: 20) }) {
            _ = try reader.readOnce(first, maximum: 10, into: &seen)
            return seen.isEmpty ? nil : true
        }
        try reader.assign([second: Offset(0)])
        #expect(try reader.readAll(second, atLeast: 50).map(number) == Array(0..<50))
        try reader.unassign([second])
        try writer.writeThrough(.numbered(topic, 0, 50..<80))
        seen += try reader.readAll(first, atLeast: 80 - seen.count)
        #expect(seen.map(number) == Array(0..<80))
    }

    func reassign() throws {
        let (partition, written) = try numbered(200)
        let reader = try fixture.makeReader(group: nil)
        defer { reader.close() }
        try reader.assign([partition: written[0].offset])
        var seen: [SeenRecord] = []
        _ = try eventually("some records", idle: { reader.wait(milliseconds: 20) }) {
            _ = try reader.readOnce(partition, maximum: 30, into: &seen)
            return seen.isEmpty ? nil : true
        }
        // What was fetched behind these is dropped; nothing of it may come after the return.
        for start in [150, 20, 199] {
            try reader.unassign([partition])
            try reader.assign([partition: written[start].offset])
            #expect(
                try reader.readAll(partition, atLeast: 200 - start) == Array(written[start...]))
        }
        #expect(throws: DataflowError.self) { try reader.assign([partition: Offset(0)]) }
    }

    /// So does a stage whose commit fails behind the batch that made it due.
    func reassignInside() throws {
        let (partition, written) = try numbered(20)
        let reader = try fixture.makeReader(group: nil)
        defer { reader.close() }
        let writer = try fixture.makeWriter()
        defer { writer.close() }
        try reader.assign([partition: written[0].offset])
        for round in 1...3 {
            _ = try eventually("round \(round)", idle: { reader.wait(milliseconds: 20) }) {
                var hasRead = false
                let end = try reader.read(partition, maximum: 5) { _ in
                    hasRead = true
                    try reader.unassign([partition])
                    try reader.assign([partition: written[10].offset])
                }
                #expect(!hasRead || end == nil)
                return hasRead ? true : nil
            }
        }
        #expect(try reader.readAll(partition, atLeast: 10) == Array(written[10...]))
        // What comes later is told as well.
        try writer.writeThrough(.numbered(partition.topic, 0, 20..<30))
        #expect(try reader.readAll(partition, atLeast: 10).map(number) == Array(20..<30))
    }

    func end() throws {
        let topic = try fixture.makeTopic(partitions: 2)
        let partition = TopicPartition(topic: topic, partition: 0)
        let empty = TopicPartition(topic: topic, partition: 1)
        let writer = try fixture.makeWriter()
        defer { writer.close() }
        let reader = try fixture.makeReader(group: nil)
        defer { reader.close() }
        try reader.assign([partition: Offset(0), empty: Offset(0)])
        #expect(try reader.readAll(empty).isEmpty)
        #expect(try reader.readAll(partition).isEmpty)
        for step in 0..<3 {
            let numbers = step * 10..<(step + 1) * 10
            try writer.writeThrough(.numbered(topic, 0, numbers))
            #expect(try reader.readAll(partition, atLeast: 10).map(number) == Array(numbers))
            var nothing: [SeenRecord] = []
            #expect(try reader.readOnce(partition, into: &nothing) != nil)
            #expect(nothing.isEmpty)
        }
    }

    func bounds() throws {
        let (partition, written) = try numbered(25)
        let reader = try fixture.makeReader(group: nil)
        defer { reader.close() }
        let bounds = try reader.bounds(of: partition)
        #expect(bounds.earliest == written[0].offset)
        #expect(bounds.end == written[24].offset.next)
    }

    func offsetForTime() throws {
        guard fixture.features.contains(.offsetForTime) else { return }
        let topic = try fixture.makeTopic(partitions: 1)
        let partition = TopicPartition(topic: topic, partition: 0)
        let writer = try fixture.makeWriter()
        defer { writer.close() }
        for step in 0..<5 {
            var batch = OutputBatch(topics: [topic])
            batch.append(partition: 0, time: Int64(1_000 + step * 100), value: [UInt8(step)])
            try writer.writeThrough(batch)
        }
        let reader = try fixture.makeReader(group: nil)
        defer { reader.close() }
        func offset(at time: Int64) throws -> Offset? {
            try reader.offset(of: partition, at: EventTime(milliseconds: time))
        }
        #expect(try offset(at: 0) == Offset(0))
        #expect(try offset(at: 1_150) == Offset(2))
        #expect(try offset(at: 1_400) == Offset(4))
        #expect(try offset(at: 1_401) == nil)
    }

    func unassigned() throws {
        let topic = try fixture.makeTopic(partitions: 1)
        let reader = try fixture.makeReader(group: nil)
        defer { reader.close() }
        let partition = TopicPartition(topic: topic, partition: 0)
        #expect(throws: DataflowError.self) {
            _ = try reader.read(partition, maximum: 10) { _ in }
        }
        #expect(throws: DataflowError.self) { try reader.assign([partition: Offset(-1)]) }
    }

    func outOfRange() throws {
        guard fixture.features.contains(.offsetRange) else { return }
        let (partition, _) = try numbered(10)
        let reader = try fixture.makeReader(group: nil)
        defer { reader.close() }
        try reader.assign([partition: Offset(1_000)])
        let error = try eventually("an error", idle: { reader.wait(milliseconds: 20) }) {
            () -> DataflowError? in
            do {
                var seen: [SeenRecord] = []
                _ = try reader.readOnce(partition, into: &seen)
                return nil
            } catch let error as DataflowError {
                return error
            }
        }
        #expect(error.code == .offsetOutOfRange)
        #expect(error.partition == partition)
        #expect(error.message.contains("1000") && error.message.contains("10"), "\(error)")
    }

    /// A topic of one partition that holds numbered records.
    func numbered(_ count: Int) throws -> (TopicPartition, [SeenRecord]) {
        let topic = try fixture.makeTopic(partitions: 1)
        let partition = TopicPartition(topic: topic, partition: 0)
        let writer = try fixture.makeWriter()
        defer { writer.close() }
        try writer.writeThrough(.numbered(topic, 0, 0..<count))
        let reader = try fixture.makeReader(group: nil)
        defer { reader.close() }
        try reader.assign([partition: Offset(0)])
        let seen = try reader.readAll(partition, atLeast: count)
        try #require(seen.map(number) == Array(0..<count))
        return (partition, seen)
    }
}
