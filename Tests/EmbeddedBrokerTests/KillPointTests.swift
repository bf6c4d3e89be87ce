import BrokerModel
import EmbeddedBroker
import Records
import Testing

@Suite("The broker on files that forget what was not synced")
struct KillPointTests {
    static let killPoints: UInt64 = 500

    @Test("keeps every acknowledged record once and in order, over 500 kill points")
    func produce() throws {
        for seed in 0..<Self.killPoints {
            var run = IdempotentRun(seed: seed)
            try run.go()
            #expect(run.fault == nil, "seed \(seed): \(run.fault ?? "")")
            if run.fault != nil { return }
        }
    }

    @Test("shows committed transactions whole and aborted ones never, over 500 kill points")
    func transactions() throws {
        for seed in 0..<Self.killPoints {
            var run = TransactionalRun(seed: seed + 10_000)
            try run.go()
            #expect(run.fault == nil, "seed \(seed + 10_000): \(run.fault ?? "")")
            if run.fault != nil { return }
        }
    }
}

extension KillPointTests {
    @Test("gives out no offset twice and keeps what was not deleted, over 500 kill points")
    func deletion() throws {
        for seed in 0..<Self.killPoints {
            var run = DeletionRun(seed: seed + 20_000)
            try run.go()
            #expect(run.fault == nil, "seed \(seed + 20_000): \(run.fault ?? "")")
            if run.fault != nil { return }
        }
    }

    @Test(
        "keeps batches in order that were sent without waiting for one another, over 500 kill points"
    )
    func pipelining() throws {
        for seed in 0..<Self.killPoints {
            var run = PipelinedRun(seed: seed + 50_000)
            try run.go()
            #expect(run.fault == nil, "seed \(seed + 50_000): \(run.fault ?? "")")
            if run.fault != nil { return }
        }
    }

    @Test("keeps the newest of each key and nothing that was deleted, over 500 kill points")
    func compaction() throws {
        for seed in 0..<Self.killPoints {
            var run = CompactionRun(seed: seed + 30_000)
            try run.go()
            #expect(run.fault == nil, "seed \(seed + 30_000): \(run.fault ?? "")")
            if run.fault != nil { return }
        }
    }

    @Test("keeps every acknowledged change of topics, values and offsets, over 500 kill points")
    func administration() throws {
        for seed in 0..<Self.killPoints {
            var run = AdministrationRun(seed: seed + 40_000)
            try run.go()
            #expect(run.fault == nil, "seed \(seed + 40_000): \(run.fault ?? "")")
            if run.fault != nil { return }
        }
    }
}

/// An idempotent producer that is cut off at a random operation, comes back and tries again.
private struct IdempotentRun {
    let seed: UInt64
    var fault: String?
    private var generator: SeededGenerator

    init(seed: UInt64) {
        self.seed = seed
        generator = SeededGenerator(seed: seed)
    }

    private static let batches = 8

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

/// A transactional producer over two partitions that is cut off at a random operation.
private struct TransactionalRun {
    let seed: UInt64
    var fault: String?
    private var generator: SeededGenerator
    private var committed: [String] = []
    private var never: Set<String> = []
    /// The transaction whose end was asked for and not answered.
    private var inDoubt: [String]?

    init(seed: UInt64) {
        self.seed = seed
        generator = SeededGenerator(seed: seed)
    }

    mutating func go() throws {
        var files = FaultyFiles(seed: seed)
        var broker = try TestBroker(files: files)
        try broker.createTopic("t", partitions: 2, ["segment.bytes": "600"])
        files.killAt = files.operations + 1 + Int(generator.next() % 50)
        try? run(broker, transactions: 5, prefix: "a")
        files = files.crashed()
        broker = try TestBroker(files: files)
        try check(broker, isSettled: false)
        guard fault == nil else { return }
        // The producer comes back, which ends what it left open; then nothing may be unstable.
        try run(broker, transactions: 2, prefix: "b")
        try check(broker, isSettled: true)
    }

    private mutating func run(
        _ broker: TestBroker, transactions: Int, prefix: String
    ) throws {
        var identity = try broker.initProducer("tx")
        if identity.errorCode == ErrorCode.concurrentTransactions.rawValue {
            identity = try broker.initProducer("tx")
        }
        guard identity.errorCode == 0 else { return }
        let producer = (id: identity.producerID, epoch: identity.producerEpoch)
        var sequences: [Int32] = [0, 0]
        for number in 0..<transactions {
            let commits = generator.next() % 3 != 0
            var values: [String] = []
            for partition in 0..<Int32(2) {
                guard
                    try broker.addPartition("t", partition, id: "tx", producer: producer)
                        == ErrorCode.none
                else { return }
                let new = (0..<2).map { "\(prefix)\(number).\(partition).\($0)" }
                // Until the commit is asked for, none of this may ever be seen.
                never.formUnion(new)
                let batch = TestBroker.batch(
                    new, producer: (producer.id, producer.epoch, sequences[Int(partition)]),
                    isTransactional: true)
                guard
                    try broker.produce(batch, topic: "t", partition: partition).error
                        == ErrorCode.none
                else { return }
                sequences[Int(partition)] += 2
                values += new
            }
            if commits {
                never.subtract(values)
                inDoubt = values
            }
            guard
                try broker.endTransaction("tx", producer: producer, commit: commits)
                    == ErrorCode.none
            else { return }
            if commits { committed += values }
            inDoubt = nil
        }
    }

    private mutating func check(_ broker: TestBroker, isSettled: Bool) throws {
        var seen: [String] = []
        for partition in 0..<Int32(2) {
            let view = try broker.read("t", partition: partition)
            seen += view.values
            let own = committed.filter { $0.contains(".\(partition).") }
            let found = view.values.filter { committed.contains($0) }
            if found != own {
                fault =
                    "partition \(partition): committed \(own), read \(view), log \(broker.lines)"
            }
            if isSettled, view.lastStableOffset != view.highWatermark {
                fault = "partition \(partition) stays unstable at \(view.lastStableOffset)"
            }
        }
        if let value = seen.first(where: never.contains) { fault = "\(value) was not committed" }
        if Set(seen).count != seen.count { fault = "doubled: \(seen)" }
        guard let doubt = inDoubt else { return }
        let count = doubt.filter(seen.contains).count
        if count != 0, count != doubt.count { fault = "half a transaction: \(seen)" }
        // From here on its outcome is known.
        if count == doubt.count { committed += doubt } else { never.formUnion(doubt) }
        inDoubt = nil
    }
}
