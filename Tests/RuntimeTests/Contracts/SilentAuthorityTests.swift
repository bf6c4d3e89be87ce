import Dataflow
import OperatorTesting
import Records
import SimulationWorkload
import Sinks
import Sources
import State
import Testing

@testable import Runtime

@Suite("A lane and its authority")
struct SilentAuthorityTests {
    private static let partitions: Int32 = 6

    /// Answers no claim, or each with the same position.
    private final class Authority: CommitAuthority {
        var answer: CommitPosition?
        private(set) var claims = 0

        func claim(_ task: TaskID, inputs: [TopicPartition]) throws -> CommitPosition? {
            claims += 1
            if let answer { return answer }
            throw DataflowError(
                .logUnavailable, domain: .external, retry: .backoff, "nobody answers")
        }
        func decide(_ decisions: [CommitDecision]) throws {}
    }

    private static func copies(_ graph: GraphBuilder) {
        let events = graph.source("events", from: KafkaSource<Event>("events"))
        events.rejected.sink("rejects", to: DeadLetters())
        events.accepted.sink("copies", to: KafkaSink("copies"))
    }

    private static func lane(_ authority: Authority) throws -> StageLane {
        let log = SimulatedLog()
        for topic in ["events", "copies"] { try log.createTopic(topic, partitions: partitions) }
        let worker = try SingleWorker.make("copies", define: copies)
        let reader = try log.makeMember(group: "r.events", topics: ["events"])
        return StageLane(
            worker: worker, run: "r",
            services: LaneServices(
                reader: reader, writer: log.makeWriter(), authority: authority,
                store: SimulatedStore()),
            clock: ManualClock(EventTime(milliseconds: 1_000)))
    }

    @Test("while an authority does not answer, claims are made one a turn, and the group is heard")
    func claimsOneATurn() throws {
        let authority = Authority()
        let lane = try Self.lane(authority)
        var turns = 0
        while authority.claims < Int(Self.partitions), turns < 100 {
            let before = authority.claims
            _ = lane.turn()
            turns += 1
            // The one that failed, and one of those that were put off.
            #expect(authority.claims - before <= 2)
        }
        #expect(authority.claims == Int(Self.partitions))
        #expect(lane.failure == nil)
    }

    @Test("a position without one of the task's inputs is refused, whoever the authority is")
    func missingInput() throws {
        let authority = Authority()
        let known = TopicPartition(topic: "a", partition: 0)
        let unknown = TopicPartition(topic: "b", partition: 0)
        authority.answer = CommitPosition(offsets: [known: Offset(3)], checkpoint: nil)
        let runner = CommandRunner(
            run: "r", stage: "s",
            LaneServices(reader: nil, writer: nil, authority: authority, store: SimulatedStore()))
        let life = TaskLife(task: 0, number: 1)
        _ = try runner.carryOut(.claim(life, inputs: [known]))
        let error = #expect(throws: DataflowError.self) {
            try runner.carryOut(.claim(life, inputs: [known, unknown]))
        }
        #expect(error?.code == .incompatibleState && error?.partition == unknown)
        #expect(error?.message.contains("begin afresh") == true)
    }
}
