import LogContract
import Records
import Testing

@testable import KafkaClient

/// Topics that take less than they did when their writer began.
@Suite("A topic's bound that is lowered")
struct LoweredBoundTests {
    /// Kafka's number for MESSAGE_TOO_LARGE.
    private static let tooLarge: Int32 = 10

    private static func refuse(_ writer: any LogWriter, _ faulty: FaultyCluster) throws {
        faulty.cluster.fail(.produce, codes: [tooLarge])
        try writer.write(.numbered("t", 0, 0..<10), token: 7)
        let error = #expect(throws: DataflowError.self) {
            try writer.flush(timeoutMilliseconds: 60_000)
        }
        // Not the end of a run: the records are read again, and what is too large is no longer written.
        #expect(error?.code == .limitExceeded && error?.retry == .restart)
    }

    @Test("is learned by the next client, and what the old one had not written is reported, once")
    func renewed() throws {
        let faulty = try FaultyCluster()
        var asked: [[String]] = []
        let bounds = TopicBounds(["t": 5_000]) {
            asked.append($0)
            return ["t": 700]
        }
        let writer = try RenewedWriter { try KafkaWriter(faulty.configuration, bounds: bounds) }
        defer { writer.close() }
        #expect(writer.recordBound(of: "t") == 5_000 - 160)
        try Self.refuse(writer, faulty)
        #expect(writer.recordBound(of: "t") == 700 - 160)
        #expect(asked == [["t"]])
        let reports = writer.poll()
        #expect(reports.map(\.token) == [7] && reports.first?.error?.retry == .restart)
        try writer.write(.numbered("t", 0, 0..<10), token: 8)
        try writer.flush(timeoutMilliseconds: 60_000)
        #expect(writer.poll().map { $0.error == nil ? $0.token : 0 } == [8])
    }

    @Test("is guessed where the cluster doesn't tell, or tells nothing new")
    func guessed() throws {
        let silent = TopicBounds { _ in
            throw DataflowError(.logUnavailable, domain: .external, "forbidden")
        }
        silent.learn(["t"])
        #expect(silent.known == ["t": 500_000])
        for _ in 0..<20 { silent.learn(["t"]) }
        #expect(silent.known == ["t": TopicBounds.leastGuess])
        let same = TopicBounds(["t": 4_000]) { _ in ["t": 4_000] }
        same.learn(["t"])
        #expect(same.known == ["t": 2_000])
    }

    @Test("makes a transactional writer one that is replaced behind its transaction")
    func transactional() throws {
        let faulty = try FaultyCluster()
        let bounds = TopicBounds { _ in ["t": 700] }
        let writer = try KafkaWriter(
            faulty.configuration, KafkaWriterOptions(transactionalID: "lowered"), bounds: bounds)
        defer { writer.close() }
        try writer.takeOver()
        try writer.begin()
        #expect(!writer.mustBeReplaced)
        try Self.refuse(writer, faulty)
        try writer.abort()
        #expect(writer.mustBeReplaced)
        writer.close()
        let next = try KafkaWriter(
            faulty.configuration, KafkaWriterOptions(transactionalID: "lowered"), bounds: bounds)
        defer { next.close() }
        #expect(next.recordBound(of: "t") == 700 - 160)
        try next.takeOver()
        try next.begin()
        try next.write(.numbered("t", 0, 0..<10), token: 8)
        try next.commit()
    }
}
