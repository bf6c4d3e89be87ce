package import Records
import Testing

/// What a log's transactions must do, one case a promise, against any log that has them.
package enum TransactionContract: String, CaseIterable, Sendable {
    case together = "records and offsets become visible together, seen by nobody before"
    case aborted = "what is aborted is never seen, and the group stands where it stood"
    case fenced = "whoever takes the id over fences the writer before and ends its transaction"
    case stranger = "a member that has left can't commit for the group"
    case behind =
        "the end that readers hear of lies behind the marker, and the next record behind both"

    /// Puts a log to the test.
    package func check(_ fixture: any TransactionalLogFixture) throws {
        var bench = try Bench(fixture)
        defer { bench.close() }
        switch self {
        case .together: try together(&bench)
        case .aborted: try aborted(&bench)
        case .fenced: try fenced(&bench, fixture)
        case .stranger: try stranger(&bench)
        case .behind: try behind(&bench)
        }
    }

    private func together(_ bench: inout Bench) throws {
        let position = CommittedOffset(offset: Offset(0), metadata: "mr1:1:ff:0")
        try bench.writer.begin()
        try bench.writer.write(.numbered(bench.out.topic, 0, 0..<20), token: 1)
        try bench.writer.send([bench.input: position], as: try bench.member.reader.identity())
        try bench.writer.flush(timeoutMilliseconds: 10_000)
        #expect(try bench.watcher.readAll(bench.out).isEmpty)
        try bench.writer.commit()
        #expect(try bench.watcher.readAll(bench.out, atLeast: 20).map(number) == Array(0..<20))
        #expect(try bench.member.reader.committed([bench.input]) == [bench.input: position])
    }

    private func aborted(_ bench: inout Bench) throws {
        try bench.writer.begin()
        try bench.writer.write(.numbered(bench.out.topic, 0, 0..<5), token: 1)
        try bench.writer.send(
            [bench.input: CommittedOffset(offset: Offset(0), metadata: "lost")],
            as: try bench.member.reader.identity())
        try bench.writer.flush(timeoutMilliseconds: 10_000)
        try bench.writer.abort()
        #expect(try bench.member.reader.committed([bench.input]).isEmpty)
        try bench.writer.begin()
        try bench.writer.write(.numbered(bench.out.topic, 0, 7..<8), token: 2)
        try bench.writer.commit()
        #expect(try bench.watcher.readAll(bench.out, atLeast: 1).map(number) == [7])
    }

    private func fenced(_ bench: inout Bench, _ fixture: any TransactionalLogFixture) throws {
        try bench.writer.begin()
        try bench.writer.write(.numbered(bench.out.topic, 0, 0..<5), token: 1)
        try bench.writer.flush(timeoutMilliseconds: 10_000)
        let heir = try fixture.makeWriter(transactionalID: bench.id)
        defer { heir.close() }
        try heir.takeOver()
        let error = #expect(throws: TransactionError.self) { try bench.writer.commit() }
        #expect(error?.remedy == .fenced, "\(String(describing: error))")
        try heir.begin()
        try heir.write(.numbered(bench.out.topic, 0, 9..<10), token: 1)
        try heir.commit()
        #expect(try bench.watcher.readAll(bench.out, atLeast: 1).map(number) == [9])
    }

    private func stranger(_ bench: inout Bench) throws {
        let identity = try bench.member.reader.identity()
        #expect(identity.generation >= 0 && !identity.memberID.isEmpty)
        bench.member.reader.close()
        try bench.writer.begin()
        let error = #expect(throws: TransactionError.self) {
            try bench.writer.send(
                [bench.input: CommittedOffset(offset: Offset(3))], as: identity)
        }
        #expect(error?.remedy == .abortable, "\(String(describing: error))")
        try bench.writer.abort()
    }

    private func behind(_ bench: inout Bench) throws {
        for number in 0..<2 {
            try bench.writer.begin()
            try bench.writer.write(
                .numbered(bench.out.topic, 0, number..<(number + 1)), token: UInt64(number))
            try bench.writer.commit()
        }
        var seen: [SeenRecord] = []
        let end = try eventually(
            "both records and the end", idle: { bench.watcher.wait(milliseconds: 20) }
        ) {
            let end = try bench.watcher.readOnce(bench.out, into: &seen)
            return seen.count == 2 ? end : nil
        }
        #expect(seen.map(\.offset) == [Offset(0), Offset(2)])
        #expect(end == Offset(4))
    }

    /// A member that owns a topic, a writer that has its id, and a reader of what it writes.
    private struct Bench {
        let id: String
        let input: TopicPartition
        let out: TopicPartition
        var member: GroupMember
        let writer: any TransactionalWriter
        let watcher: any LogReader

        init(_ fixture: any TransactionalLogFixture) throws {
            input = TopicPartition(topic: try fixture.makeTopic(partitions: 1), partition: 0)
            out = TopicPartition(topic: try fixture.makeTopic(partitions: 1), partition: 0)
            id = fixture.makeGroup()
            var member = GroupMember(
                try fixture.makeMember(group: fixture.makeGroup(), topics: [input.topic]))
            let input = input
            // A member knows its generation from the poll behind the one that gave it its partitions.
            var rounds = 0
            _ = try eventually("the member owns its topic", idle: { member.idle() }) {
                try member.step()
                if member.owned == [input] { rounds += 1 }
                return rounds > 2 ? true : nil
            }
            self.member = member
            writer = try fixture.makeWriter(transactionalID: id)
            try writer.takeOver()
            watcher = try fixture.makeReader(group: nil)
            try watcher.assign([out: Offset(0)])
        }

        func close() {
            watcher.close()
            writer.close()
            member.reader.close()
        }
    }
}

/// A log under test that has transactions.
package protocol TransactionalLogFixture: LogFixture {
    /// A client that bears a transactional id.
    func makeWriter(transactionalID: String) throws -> any TransactionalWriter
}
