import BrokerModel
import EmbeddedBroker
import Records

/// Keys that are written and deleted while the log is compacted, on a machine that dies three times.
struct CompactionRun: KillPointRun {
    let seed: UInt64
    var fault: String?
    private(set) var isReached = false
    private var generator: SeededGenerator
    /// What each key may have: what was acknowledged last, or what was sent since; nil for nothing.
    private var possible: [String: Set<String?>] = [:]
    private var end: Int64 = 0
    private var number = 0

    private static let keys = 5

    init(seed: UInt64) {
        self.seed = seed
        generator = SeededGenerator(seed: seed)
    }

    mutating func go() throws {
        var files = FaultyFiles(seed: seed)
        // One key a pass, now and then, so that passes end within segments.
        let keysOfPass = seed % 3 == 0 ? 2 : 1_000
        var broker = try TestBroker(files: files) { $0.compactionKeys = keysOfPass }
        try broker.createTopic(
            "t",
            [
                "segment.bytes": "250", "cleanup.policy": "compact", "delete.retention.ms": "0",
                "min.cleanable.dirty.ratio": "0",
            ])
        for round in 0..<3 {
            files.killAt = files.operations + 1 + Int(generator.next() % 80)
            for _ in 0..<30 where !files.isDead { step(broker, round: round) }
            isReached = isReached || files.isDead
            files = files.crashed()
            broker = try TestBroker(files: files, now: broker.now) {
                $0.compactionKeys = keysOfPass
            }
            try check(broker)
            if fault != nil { return }
        }
    }

    private mutating func step(_ broker: TestBroker, round: Int) {
        let choice = generator.next() % 10
        broker.now += 10
        if choice < 2 { return broker.maintain() }
        let key = "k\(generator.next() % UInt64(Self.keys))"
        var value: String?
        var batch = TestBroker.tombstone(key, timestamp: broker.now)
        if choice < 8 {
            number += 1
            let new = "\(round).\(number)"
            value = new
            batch = TestBroker.batch([new], keys: [key], timestamp: broker.now)
        }
        possible[key, default: [nil]].insert(value)
        guard let result = try? broker.produce(batch, topic: "t"), result.error == ErrorCode.none
        else { return }
        if result.offset < end { fault = "offset \(result.offset) is given out again" }
        possible[key] = [value]
        end = result.offset + 1
    }

    private mutating func check(_ broker: TestBroker) throws {
        let view = try broker.read("t", from: try broker.offset("t", at: -2))
        if view.highWatermark < end { fault = "ends at \(view.highWatermark), was told \(end)" }
        if view.offsets != view.offsets.sorted() { fault = "offsets \(view.offsets)" }
        var found: [String: String] = [:]
        for (key, value) in zip(view.keys, view.values) { found[key ?? ""] = value }
        for (key, values) in possible {
            // A deleted key is gone, or its tombstone is left.
            let value = found[key].flatMap { $0.isEmpty ? nil : $0 }
            if !values.contains(value) {
                fault = "\(key) is \(value ?? "nothing") instead of \(values): \(broker.lines)"
            }
            possible[key] = [value]
        }
        end = max(end, view.highWatermark)
    }
}
