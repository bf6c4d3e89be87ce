import DatabaseFixture
import Foundation
import PostgresClient
import Records
import Testing

@testable import Command
@testable import Runtime

/// What is told of partitions that aren't read.
@Suite("Obstacles")
struct ObstacleTableTests {
    private let run = "run-\(UUID())"
    private let partition = TopicPartition(topic: "words", partition: 3)

    private func status(_ obstacles: [Obstacle]) -> LaneStatus {
        LaneStatus(
            stage: "count", thread: 0, isStopped: false, failure: nil, progress: [], counters: [],
            obstacles: obstacles)
    }

    private func obstacle(_ partition: TopicPartition?, _ message: String) -> Obstacle {
        Obstacle(
            partition: partition, since: EventTime(milliseconds: 1_479_827_400_000),
            error: DataflowError(.limitExceeded, domain: .user, message))
    }

    @Test("are few and short, whatever a worker has in its way")
    func bounds() {
        let long = obstacle(partition, String(repeating: "x\0", count: 10_000))
        let rows = ObstacleTable.rows(
            [status(Array(repeating: long, count: 2_000))], worker: "w")
        #expect(rows.count == ObstacleTable.maximumRows)
        #expect(rows.allSatisfy { $0.message.count == ObstacleTable.maximumMessage })
        #expect(rows.allSatisfy { !$0.message.utf8.contains(0) })
    }

    @Test("stand below their partition, and what concerns all of a worker's at the end")
    func lines() {
        let rows = ObstacleTable.rows(
            [status([obstacle(nil, "no database"), obstacle(partition, "too many keys")])],
            worker: "w")
        let own = LagCommand.reasons(rows, "count", partition)
        #expect(own.count == 1)
        #expect(own.first?.contains("too many keys") == true)
        #expect(own.first?.contains("BLOCKED") == true)
        #expect(LagCommand.reasons(rows, "other", partition).isEmpty)
        let other = TopicPartition(topic: "words", partition: 4)
        #expect(LagCommand.reasons(rows, "count", other).isEmpty)
        // What was left out is told apart from what isn't read.
        var gap = obstacle(partition, "profile has left out 7 records")
        gap.isBlocking = false
        let gaps = LagCommand.reasons(
            ObstacleTable.rows([status([gap])], worker: "w"), "count", partition)
        #expect(gaps.count == 1)
        #expect(gaps.first?.contains("INCOMPLETE: read in part since") == true)
        #expect(gaps.first?.contains("left out 7 records") == true)
        let all = LagCommand.reasons(rows)
        #expect(all.count == 1)
        #expect(all.first?.hasPrefix("count, all of one thread") == true)
        #expect(all.first?.contains("no database") == true)
    }

    @Test(
        "a worker's replace what it told before, and are believed for a minute",
        .enabled(if: TestDatabase.isAvailable, TestDatabase.skipMessage))
    func table() async throws {
        try await TestDatabase.withSchema { configuration in
            let connection = try PostgresConnection(configuration)
            defer { connection.close() }
            let both = ObstacleTable.rows(
                [status([obstacle(nil, "no database"), obstacle(partition, "too many keys")])],
                worker: "w")
            let other = ObstacleTable.rows([status([obstacle(partition, "poison")])], worker: "x")
            try ObstacleTable.tell(both, run: run, worker: "w", on: connection)
            try ObstacleTable.tell(other, run: run, worker: "x", on: connection)
            #expect(try ObstacleTable.current(run: run, on: connection) == both + other)
            try ObstacleTable.tell([both[1]], run: run, worker: "w", on: connection)
            #expect(try ObstacleTable.current(run: run, on: connection) == [both[1]] + other)
            #expect(try ObstacleTable.current(run: "\(run)2", on: connection).isEmpty)
            try connection.query(
                "UPDATE millrace.obstacles SET told_at = told_at - interval '61 s'"
                    + " WHERE run = $1 AND worker = 'x'", [.text(run)])
            #expect(try ObstacleTable.current(run: run, on: connection) == [both[1]])
            for worker in ["w", "x"] {
                try ObstacleTable.tell([], run: run, worker: worker, on: connection)
            }
        }
    }

    @Test(
        "are told while they last and taken back at the end",
        .enabled(if: TestDatabase.isAvailable, TestDatabase.skipMessage))
    func teller() async throws {
        try await TestDatabase.withSchema { configuration in
            let connection = try PostgresConnection(configuration)
            defer { connection.close() }
            let present = [status([obstacle(partition, "too many keys")])]
            let troubles = TroubleLog()
            let teller = ObstacleTeller(
                run: run, configuration, troubles, intervalSeconds: 0.01
            ) { present }
            let clock = ContinuousClock()
            let deadline = clock.now + .seconds(120)
            var rows: [ObstacleTable.Row] = []
            while rows.isEmpty, clock.now < deadline {
                rows = try ObstacleTable.current(run: run, on: connection)
                await Task.yield()
            }
            #expect(rows.map(\.partition) == [partition])
            #expect(rows.first?.code == "limit-exceeded")
            teller.stop()
            #expect(try ObstacleTable.current(run: run, on: connection).isEmpty)
        }
    }
}
