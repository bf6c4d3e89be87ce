import OperatorTesting
import Records
import Testing

@testable import Runtime

@Suite("A gap in the log while the group takes partitions back")
struct GapInRevocationTests {
    @Test(
        "is not skipped before they are given back, as to let go of a partition would be the answer"
    )
    func waits() throws {
        let log = SimulatedLog()
        try log.createTopic("in", partitions: 2)
        let (kept, taken) = (
            TopicPartition(topic: "in", partition: 0), TopicPartition(topic: "in", partition: 1)
        )
        for partition in [kept, taken] {
            for number in 0..<40 as Range<UInt8> {
                try log.append(
                    SimulatedLog.Record(
                        timestamp: EventTime(milliseconds: 1), key: nil, value: [number]),
                    to: partition)
            }
            log.deleteRecords(of: partition, below: Offset(30))
        }
        let reader = try log.makeMember(group: "run.stage", topics: ["in"])
        for _ in 0..<3 { _ = try reader.poll() }
        try reader.assign([kept: Offset(20), taken: Offset(20)])
        let other = try log.makeMember(group: "run.stage", topics: ["in"])
        var revoked: [TopicPartition] = []
        for _ in 0..<4 {
            for case .revoked(let partitions) in try reader.poll() { revoked += partitions }
            _ = try other.poll()
        }
        try #require(revoked == [taken])
        let runner = CommandRunner(
            run: "run", stage: "stage",
            LaneServices(reader: reader, writer: nil, authority: nil, store: SimulatedStore()))
        func skip(_ partition: TopicPartition) throws -> WorkerEvent? {
            try runner.carryOut(
                .skipGap(
                    TaskLife(task: partition.partition, number: 1), partition, from: Offset(20)))
        }
        for partition in [kept, taken] {
            let error = #expect(throws: DataflowError.self) { try skip(partition) }
            #expect(error?.retry == .backoff)
        }
        #expect(reader.owns([kept, taken]))
        try reader.unassign([taken])
        guard case .gapSkipped(_, kept, from: Offset(20), to: Offset(30))? = try skip(kept) else {
            Issue.record("the gap was not skipped")
            return
        }
        #expect(reader.backlog(of: kept) == 10)
    }
}
