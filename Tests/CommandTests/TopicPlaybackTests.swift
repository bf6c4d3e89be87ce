import EmbeddedBroker
import Foundation
import KafkaClient
import LocationIngest
import LogContract
import Records
import Sources
import Testing

@testable import Command
@testable import Runtime

/// `millrace run location-ingest --from topic:NAME`: recorded batches out of a topic, through the door.
@Suite("Recorded locations in a topic")
struct TopicPlaybackTests {
    private let mailbox = Mailbox()

    private static func line(_ user: String, _ latitude: Double) -> String {
        #"{"user_id": "\#(user)", "locs": [[\#(latitude), 8, 1479827400]]}"#
    }

    private static func batch(
        _ topic: String, _ partition: Int32, _ values: [String?]
    ) -> OutputBatch {
        var batch = OutputBatch(topics: [topic])
        for value in values {
            batch.append(partition: partition, value: value.map { Array($0.utf8) })
        }
        return batch
    }

    /// Runs `body` with a broker of its own.
    private func withBroker<T>(
        _ body: (KafkaConfiguration) async throws -> T
    ) async throws -> T {
        let directory = FileManager.default.temporaryDirectory
            .appendingPathComponent("millrace-playback-\(UUID().uuidString)").path
        let broker = try await TopicPlaybackTests.onThread {
            try EmbeddedBroker.startAndWait(BrokerConfiguration(dataDirectory: directory))
        }
        defer { try? FileManager.default.removeItem(atPath: directory) }
        do {
            let result = try await body(KafkaConfiguration(bootstrapServers: broker.address))
            try await broker.stop()
            return result
        } catch {
            try? await broker.stop()
            throw error
        }
    }

    private static func onThread<T: Sendable>(
        _ work: @escaping @Sendable () throws -> T
    ) async throws -> T {
        try await withCheckedThrowingContinuation { continuation in
            Thread.detachNewThread { continuation.resume(with: Result(catching: work)) }
        }
    }

    private func lines(
        _ kafka: KafkaConfiguration, _ interruption: Interruption,
        _ order: LocationLines.Order = .time
    ) -> LocationLines {
        LocationLines(
            door: LocationDoor(
                decoder: LocationBatchDecoder(), doors: [mailbox], clock: FixedClock()),
            kafka: kafka, order: order, interruption: interruption)
    }

    /// Acknowledges so many pushes as the log would; gives who was where, in the order of arrival.
    private func acknowledge(_ count: Int) -> Task<[(user: String, latitude: Double)], Never> {
        let mailbox = mailbox
        return Task {
            var seen: [(user: String, latitude: Double)] = []
            for _ in 0..<count {
                guard let push = await mailbox.nextPush() else { break }
                if let values = push.values as? PushSource<LocationUpdate>.Push {
                    seen += values.records.map { ($0.0.userID, $0.0.latitude) }
                }
                mailbox.answer(push.ticket, nil)
            }
            return seen
        }
    }

    @Test(
        "every line of every partition is played once, in its order, and the end is found behind a transaction's mark",
        arguments: LocationLines.Order.allCases)
    func all(order: LocationLines.Order) async throws {
        try await withBroker { kafka in
            try await TopicPlaybackTests.onThread {
                let admin = try KafkaAdmin(kafka)
                defer { admin.close() }
                try admin.createTopics([
                    TopicSpec(name: "tracks", partitions: 4, retention: .unlimited)
                ])
                let writer = try KafkaWriter(kafka)
                defer { writer.close() }
                // More than a round takes.
                try writer.writeThrough(
                    TopicPlaybackTests.batch(
                        "tracks", 0, (0..<150).map { TopicPlaybackTests.line("a", Double($0) / 4) })
                )
                // Several lines in a record, a blank one, none at all, and what is no batch.
                let two =
                    TopicPlaybackTests.line("b", 1) + "\n \n" + TopicPlaybackTests.line("b", 2)
                try writer.writeThrough(
                    TopicPlaybackTests.batch(
                        "tracks", 1,
                        [two + "\n", nil, "no batch", TopicPlaybackTests.line("b", 91)]))
                // Its last offset is no record but the mark of the commit; partition 3 stays empty.
                let transaction = try KafkaWriter(
                    kafka, KafkaWriterOptions(transactionalID: "recorder"))
                defer { transaction.close() }
                try transaction.takeOver()
                try transaction.begin()
                try transaction.write(
                    TopicPlaybackTests.batch("tracks", 2, [TopicPlaybackTests.line("c", 7)]),
                    token: 1)
                try transaction.flush(timeoutMilliseconds: 60_000)
                try transaction.commit()
            }
            // Sorted, the good ones come together behind two dead letters.
            let acknowledging = acknowledge(order == .given ? 155 : 3)
            let totals = try await lines(kafka, Interruption(), order).play("topic:tracks")
            let seen = await acknowledging.value
            #expect(totals.lines == 155)
            #expect(totals.accepted == 153 && totals.rejected == 1 && totals.refused == 1)
            let places = Dictionary(grouping: seen, by: \.user).mapValues { $0.map(\.latitude) }
            #expect(places["a"] == (0..<150).map { Double($0) / 4 })
            #expect(places["b"] == [1, 2])
            #expect(places["c"] == [7])
            #expect(mailbox.backlog == 0)
        }
    }

    @Test(
        "an empty topic is played at once, and one that isn't there is an error and is not created")
    func nothing() async throws {
        try await withBroker { kafka in
            try await TopicPlaybackTests.onThread {
                let admin = try KafkaAdmin(kafka)
                defer { admin.close() }
                try admin.createTopics([TopicSpec(name: "empty", partitions: 2)])
            }
            let totals = try await lines(kafka, Interruption()).play("topic:empty")
            #expect(totals.lines == 0)
            await #expect(throws: DataflowError.self) {
                try await lines(kafka, Interruption()).play("topic:misspelt")
            }
            let topics = try await TopicPlaybackTests.onThread {
                let admin = try KafkaAdmin(kafka)
                defer { admin.close() }
                return try admin.topics()
            }
            #expect(topics.keys.contains("empty") && !topics.keys.contains("misspelt"))
        }
    }
}
