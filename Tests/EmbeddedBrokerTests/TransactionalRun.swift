import BrokerModel
import EmbeddedBroker
import Records

/// A transactional producer over two partitions, with an offset in each transaction, that is cut off
/// at a random operation.
struct TransactionalRun: KillPointRun {
    let seed: UInt64
    private(set) var fault: String?
    private(set) var isReached = false
    /// Whether the machine died in the middle of a commit.
    private(set) var wasInDoubt = false
    private var generator: SeededGenerator
    private var committed: [String] = []
    private var never: Set<String> = []
    /// The offset that the last committed transaction has left, -1 before the first.
    private var offset: Int64 = -1
    /// The transaction whose end was asked for and not answered.
    private var inDoubt: (values: [String], offset: Int64)?
    /// How many transactions have ended.
    private var ended = 0
    private var number: Int64 = 0

    init(seed: UInt64) {
        self.seed = seed
        generator = SeededGenerator(seed: seed)
    }

    private static let group = "g"
    private static let transactionsAfterCrash = 2

    mutating func go() throws {
        var files = FaultyFiles(seed: seed)
        var broker = try TestBroker(files: files)
        try broker.createTopic("t", partitions: 2, ["segment.bytes": "600"])
        files.killAt = files.operations + 1 + Int(generator.next() % 90)
        do {
            try run(broker, transactions: 5, prefix: "a")
        } catch {
            // Only a dead machine may refuse or be silent.
            guard files.isDead else { return fault = "before the crash: \(error)" }
        }
        isReached = files.isDead
        wasInDoubt = inDoubt != nil
        files = files.crashed()
        broker = try TestBroker(files: files)
        try check(broker, isSettled: false)
        guard fault == nil else { return }
        // The producer comes back, which ends what it left open; then nothing may be unstable.
        let before = ended
        do {
            try run(broker, transactions: Self.transactionsAfterCrash, prefix: "b")
        } catch {
            return fault = "after the crash: \(error)"
        }
        if ended != before + Self.transactionsAfterCrash { fault = "\(ended) ended" }
        try check(broker, isSettled: true)
    }

    private struct Refusal: Error {
        var step: String
        var code: ErrorCode?
    }

    private func require(_ step: String, _ code: ErrorCode?) throws {
        guard code == ErrorCode.none else { throw Refusal(step: step, code: code) }
    }

    private mutating func run(
        _ broker: TestBroker, transactions: Int, prefix: String
    ) throws {
        var identity = try broker.initProducer("tx")
        if identity.errorCode == ErrorCode.concurrentTransactions.rawValue {
            identity = try broker.initProducer("tx")
        }
        try require("init", ErrorCode(rawValue: identity.errorCode))
        let producer = (id: identity.producerID, epoch: identity.producerEpoch)
        var sequences: [Int32] = [0, 0]
        for index in 0..<transactions {
            let commits = generator.next() % 3 != 0
            var values: [String] = []
            for partition in 0..<Int32(2) {
                try require(
                    "add", broker.addPartition("t", partition, id: "tx", producer: producer))
                let new = (0..<2).map { "\(prefix)\(index).\(partition).\($0)" }
                // Until the commit is asked for, none of this may ever be seen.
                never.formUnion(new)
                let batch = TestBroker.batch(
                    new, producer: (producer.id, producer.epoch, sequences[Int(partition)]),
                    isTransactional: true)
                try require(
                    "produce", broker.produce(batch, topic: "t", partition: partition).error)
                sequences[Int(partition)] += 2
                values += new
            }
            number += 1
            try require("group", broker.addOffsets(Self.group, id: "tx", producer: producer))
            try require(
                "offset",
                broker.commitOffset(number, group: Self.group, id: "tx", producer: producer))
            if commits {
                never.subtract(values)
                inDoubt = (values, number)
            }
            try require("end", broker.endTransaction("tx", producer: producer, commit: commits))
            ended += 1
            if commits {
                committed += values
                offset = number
            }
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
        if let doubt = inDoubt {
            let count = doubt.values.filter(seen.contains).count
            if count != 0, count != doubt.values.count { fault = "half a transaction: \(seen)" }
            // From here on its outcome is known.
            if count == doubt.values.count {
                committed += doubt.values
                offset = doubt.offset
            } else {
                never.formUnion(doubt.values)
            }
            inDoubt = nil
        }
        let found = try broker.committed(group: Self.group)
        if found != offset { fault = "offset \(found) instead of \(offset)" }
    }
}
