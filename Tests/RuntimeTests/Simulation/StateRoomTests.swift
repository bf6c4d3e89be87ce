import Dataflow
import OperatorTesting
import Records
import Runtime
import SimulationWorkload
import Testing
import Transforms

/// State that may be incomplete leaves room to state that may not.
@Suite("Room for state")
struct StateRoomTests {
    private static func harness(
        _ whenFull: WhenFull, _ budget: StateBudget?,
        _ configure: (inout SimulationOptions) -> Void = { _ in }
    ) throws -> PipelineHarness {
        var options = SimulationOptions()
        options.partitions = 1
        options.batchLimit = 64
        options.worker.recordsPerGlance = 64
        options.budget = budget
        configure(&options)
        return try PipelineHarness(
            "room", options, define: TestPipelines.bounded(ProcessOptions(whenFull: whenFull)))
    }

    private static func users(_ range: Range<Int64>, at milliseconds: Int64) -> [Event] {
        range.map { Event(user: $0, kind: 0, amount: 1, at: milliseconds) }
    }

    private static func totals(_ harness: PipelineHarness) throws -> Int {
        try harness.records(of: "totals", as: Total.self).count
    }

    @Test("half is for everybody, a quarter for what is known, a quarter for what must be")
    func shares() {
        #expect(StateRoom(used: 50, of: 100) == .plenty)
        #expect(StateRoom(used: 51, of: 100) == .scarce)
        #expect(StateRoom(used: 75, of: 100) == .scarce)
        #expect(StateRoom(used: 76, of: 100) == .reserved)
        #expect(StateRoom(used: .max, of: .max) == .reserved)
        #expect(StateRoom(used: 0, of: 0) == .plenty)
        #expect(StateRoom.plenty < .scarce && StateRoom.scarce < .reserved)
    }

    @Test("whatever may be left out grows without bound, the others go on, and the gap is told")
    func othersGoOn() throws {
        let budget = StateBudget(maximumBytes: 20_000)
        let greedy = try Self.harness(.leaveOut, budget)
        let live = try Self.harness(.stop, budget)
        try greedy.send(Self.users(0..<5_000, at: 1_000))
        try greedy.advance(by: .seconds(2))
        #expect((10_000..<20_000).contains(budget.bytes), "\(budget.bytes)")
        let kept = try Self.totals(greedy)
        #expect(kept > 100 && kept < 4_000, "\(kept)")
        let gap = try #require(greedy.driver.obstacles.first)
        #expect(greedy.driver.obstacles.allSatisfy { !$0.isBlocking })
        #expect(gap.partition == TopicPartition(topic: "events", partition: 0))
        #expect(gap.error.operatorID?.rawValue == "sum")
        #expect(
            gap.error.message.contains("sum has left out \(5_000 - kept) records"), "\(gap.error)")
        // What is known goes on being counted.
        try greedy.send(Self.users(0..<3, at: 2_000))
        try greedy.advance(by: .seconds(2))
        #expect(try Self.totals(greedy) == kept + 3)
        // The other pipeline of the process doesn't notice.
        try live.send(Self.users(0..<20, at: 1_000))
        try live.advance(by: .seconds(2))
        #expect(try Self.totals(live) == 20)
        #expect(live.driver.obstacles.isEmpty)
        #expect(live.driver.reports.isEmpty)
    }

    @Test("what must not be left out stops at the same bound")
    func stops() throws {
        let budget = StateBudget(maximumBytes: 20_000)
        let greedy = try Self.harness(.stop, budget)
        try greedy.send(Self.users(0..<5_000, at: 1_000))
        try greedy.advance(by: .seconds(2))
        #expect(greedy.driver.obstacles.contains { $0.isBlocking })
        #expect(budget.bytes > 20_000)
    }

    @Test("the task's own bounds count as well, and a restart doesn't forget how full it is")
    func ownBounds() throws {
        let greedy = try Self.harness(.leaveOut, nil) { $0.worker.maximumStateKeys = 400 }
        try greedy.send(Self.users(0..<2_000, at: 1_000))
        try greedy.advance(by: .seconds(2))
        let kept = try Self.totals(greedy)
        #expect((200..<400).contains(kept), "\(kept)")
        try greedy.crashAndRestore()
        try greedy.send(Self.users(2_000..<4_000, at: 2_000))
        try greedy.advance(by: .seconds(5))
        #expect(try Self.totals(greedy) < 400)
        #expect(greedy.driver.obstacles.allSatisfy { !$0.isBlocking })
        #expect(!greedy.driver.obstacles.isEmpty)
    }
}
