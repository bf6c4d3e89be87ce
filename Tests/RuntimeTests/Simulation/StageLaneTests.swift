import OperatorTesting
import Records
import Runtime
import SimulationWorkload
import Testing

/// The lane of production over a client that does what a test says.
@Suite("A lane of a thread")
struct StageLaneTests {
    /// Takes output or doesn't, and tells of it what it is told to.
    private final class MoodyWriter: LogWriter {
        var isFull = false
        var reports: [DeliveryReport] = []
        private(set) var totals: [Total] = []
        private(set) var lastToken: UInt64 = 0

        func partitionCount(of topic: String) throws -> Int32 { 1 }
        func recordBound(of topic: String) -> Int { .max }

        func write(_ batch: OutputBatch, token: UInt64) throws {
            if isFull {
                throw DataflowError(.limitExceeded, domain: .external, retry: .backoff, "full")
            }
            lastToken = token
            for entry in batch.entries {
                if let value = entry.value {
                    totals.append(try Total(decoding: Array(batch.bytes[value])))
                }
            }
        }

        func poll() -> [DeliveryReport] {
            defer { reports = [] }
            return reports
        }

        func flush(timeoutMilliseconds: Int) throws {}
        func close() {}
    }

    @Test("what waits behind output that turns out to be lost is not written; it is made anew")
    func lostBeforeWaiting() throws {
        let log = SimulatedLog()
        let clock = ManualClock(EventTime(milliseconds: 1_000))
        let place = TopicPartition(topic: "events", partition: 0)
        try log.createTopic(place.topic, partitions: 1)
        var options = WorkerOptions()
        options.delivery = .atLeastOnce
        // Never: what is lost is not committed.
        options.commitIntervalMilliseconds = .max
        let worker = try SingleWorker.make("running", options, define: TestPipelines.running)
        let (reader, writer) = (
            try log.makeMember(group: "g", topics: [place.topic]), MoodyWriter()
        )
        let lane = StageLane(
            worker: worker, run: "r",
            services: LaneServices(
                reader: reader, writer: writer, authority: LogAuthority(reader),
                store: SimulatedStore()), clock: clock)
        func send(_ amount: Int64) throws {
            let event = Event(user: 1, kind: 0, amount: amount, at: amount)
            let record = SimulatedLog.Record(
                timestamp: event.happenedAt, key: event.user.encoded, value: event.encoded)
            try log.append(record, to: place)
        }
        func turn() {
            for _ in 0..<20 {
                _ = lane.turn()
                clock.advance(byMilliseconds: 100)
            }
        }
        try send(1)
        turn()
        #expect(writer.totals.map(\.count) == [1])
        // The second waits for room when the first turns out to be lost.
        writer.isFull = true
        try send(2)
        turn()
        let lost = DataflowError(.logUnavailable, domain: .external, retry: .backoff, "lost")
        writer.reports = [DeliveryReport(token: writer.lastToken, error: lost)]
        writer.isFull = false
        turn()
        #expect(writer.totals.map(\.count) == [1, 1, 2])
        #expect(!lane.isStopped)
    }
}
