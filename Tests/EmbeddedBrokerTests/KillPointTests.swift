import BrokerModel
import EmbeddedBroker
import Records
import Testing

@Suite("The broker on files that forget what was not synced")
struct KillPointTests {
    static let killPoints: UInt64 = 500

    /// Runs one after the other, each with a kill point of its own; stops at the first fault.
    @discardableResult
    private func runs<Run: KillPointRun>(_ type: Run.Type, from first: UInt64) throws -> [Run] {
        var runs: [Run] = []
        for seed in first..<first + Self.killPoints {
            var run = Run(seed: seed)
            try run.go()
            #expect(run.fault == nil, "seed \(seed): \(run.fault ?? "")")
            if run.fault != nil { return runs }
            runs.append(run)
        }
        // A kill point behind the end of a run would test nothing.
        let reached = runs.count(where: \.isReached)
        #expect(reached > Int(Self.killPoints) * 9 / 10, "\(reached)")
        return runs
    }

    @Test("keeps every acknowledged record once and in order, over 500 kill points")
    func produce() throws { try runs(IdempotentRun.self, from: 0) }

    @Test("shows committed transactions whole and aborted ones never, over 500 kill points")
    func transactions() throws {
        let runs = try runs(TransactionalRun.self, from: 10_000)
        #expect(runs.count(where: \.wasInDoubt) > 10)
    }

    @Test("gives out no offset twice and keeps what was not deleted, over 500 kill points")
    func deletion() throws { try runs(DeletionRun.self, from: 20_000) }

    @Test(
        "keeps batches in order that were sent without waiting for one another, over 500 kill points"
    )
    func pipelining() throws { try runs(PipelinedRun.self, from: 50_000) }

    @Test("keeps the newest of each key and nothing that was deleted, over 500 kill points")
    func compaction() throws { try runs(CompactionRun.self, from: 30_000) }

    @Test("keeps every acknowledged change of topics, values and offsets, over 500 kill points")
    func administration() throws { try runs(AdministrationRun.self, from: 40_000) }
}

/// What happens to a machine that dies once or more, from one seed.
protocol KillPointRun {
    /// What was lost or wrong.
    var fault: String? { get }
    /// Whether the machine died at all.
    var isReached: Bool { get }
    init(seed: UInt64)
    mutating func go() throws
}

/// An idempotent producer that is cut off at a random operation, comes back and tries again.
private struct IdempotentRun: KillPointRun {
    let seed: UInt64
    var fault: String?
    private var generator: SeededGenerator

    init(seed: UInt64) {
        self.seed = seed
        generator = SeededGenerator(seed: seed)
    }

    private static let batches = 8
    private(set) var isReached = false

    mutating func go() throws {
        var files = FaultyFiles(seed: seed)
        var broker = try TestBroker(files: files)
        try broker.createTopic("t", ["segment.bytes": "400"])
        var producer = try broker.initProducer(nil)
        files.killAt = files.operations + 1 + Int(generator.next() % 24)
        var acknowledged: [String] = []
        var sequence: Int32 = 0
        for number in 0..<Self.batches {
            let values = (0..<3).map { "\(number).\($0)" }
            // The batch is sent until it is acknowledged, always with the same sequence number.
            for attempt in 0..<3 {
                let batch = TestBroker.batch(
                    values,
                    producer: (producer.producerID, producer.producerEpoch, sequence))
                let result = try? broker.produce(batch, topic: "t")
                if result?.error == ErrorCode.none { break }
                guard attempt < 2 else {
                    fault = "batch \(number) is not taken: \(String(describing: result?.error))"
                    return
                }
                isReached = isReached || files.isDead
                files = files.crashed()
                broker = try TestBroker(files: files)
                let view = try broker.read("t")
                if Array(view.values.prefix(acknowledged.count)) != acknowledged {
                    fault = "after the crash \(view.values), acknowledged \(acknowledged)"
                    return
                }
                if producer.producerID < 0 { producer = try broker.initProducer(nil) }
            }
            acknowledged += values
            sequence += Int32(values.count)
        }
        let view = try broker.read("t")
        if view.values != acknowledged { fault = "\(view.values) instead of \(acknowledged)" }
        if view.offsets != Array(0..<Int64(acknowledged.count)) {
            fault = "offsets \(view.offsets)"
        }
    }
}
