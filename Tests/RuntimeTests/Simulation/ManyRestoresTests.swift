import OperatorTesting
import Records
import Runtime
import SimulationWorkload
import State
import Testing

/// What is left of a chain of checkpoints by workers that die one soon after the other.
@Suite("Workers that die again and again")
struct ManyRestoresTests {
    /// The newest checkpoint of the one task.
    private static func newest(_ store: SimulatedStore) throws -> Checkpoint? {
        try store.list(prefix: "").compactMap { name in
            try store.read(name).map { try Checkpoint(decoding: $0, expecting: nil) }
        }.max { $0.epoch < $1.epoch }
    }

    @Test("no commit writes all of the state, and the chain stays short, however soon they die")
    func restores() throws {
        var options = SimulationOptions()
        options.partitions = 1
        options.worker.maximumDeltas = 2
        // As many slices as there may be.
        options.worker.sliceBytes = 64
        let harness = try PipelineHarness("running", options, define: TestPipelines.running)
        let users: Int64 = 400
        func send(_ some: some Sequence<Int64>) throws {
            try harness.send(some.map { Event(user: $0, kind: 0, amount: 1, at: 1_000) })
            try harness.advance(by: .milliseconds(1_200))
        }
        try send(0..<users)
        let whole = try #require(try Self.newest(harness.driver.store)).sections.count
        var sent = users
        for life in 0..<60 as Range<Int64> {
            for turn in 0..<4 as Range<Int64> {
                try send([(life &* 4 + turn) % users])
                sent += 1
                let checkpoint = try #require(try Self.newest(harness.driver.store))
                // Two passes of 64 slices, one that is kept and one that is under way.
                #expect(checkpoint.chain.count <= 130, "life \(life)")
                #expect(checkpoint.sections.count < whole / 4, "life \(life)")
            }
            try harness.crashAndRestore()
        }
        // More commits than two passes have slices.
        #expect(try Self.newest(harness.driver.store)?.epoch ?? 0 > 200)
        try harness.finish()
        let totals = try harness.records(of: "totals", as: Total.self)
        #expect(totals.count == Int(sent))
    }
}
