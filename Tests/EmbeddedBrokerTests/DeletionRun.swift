import BrokerModel
import EmbeddedBroker
import Records

/// Records that come and go, by DeleteRecords and retention, on a machine that dies three times.
struct DeletionRun: KillPointRun {
    let seed: UInt64
    var fault: String?
    private(set) var isReached = false
    private var generator: SeededGenerator
    private var acknowledged: [Int64: String] = [:]
    /// The end of what was acknowledged, and the start that was.
    private var end: Int64 = 0
    private var start: Int64 = 0
    /// Nothing above was ever asked to be deleted.
    private var asked: Int64 = 0
    private var number = 0
    private let hasRetention: Bool

    init(seed: UInt64) {
        self.seed = seed
        generator = SeededGenerator(seed: seed)
        hasRetention = seed % 2 == 0
    }

    mutating func go() throws {
        var files = FaultyFiles(seed: seed)
        var broker = try TestBroker(files: files)
        var configs = ["segment.bytes": "300"]
        if hasRetention { configs["retention.ms"] = "5000" }
        try broker.createTopic("t", configs)
        for round in 0..<3 {
            files.killAt = files.operations + 1 + Int(generator.next() % 40)
            for _ in 0..<30 where !files.isDead { step(broker, round: round) }
            isReached = isReached || files.isDead
            files = files.crashed()
            broker = try TestBroker(files: files, now: broker.now)
            try check(broker)
            if fault != nil { return }
        }
    }

    private mutating func step(_ broker: TestBroker, round: Int) {
        switch generator.next() % 10 {
        case 0, 1:
            let below = start + Int64(generator.next() % UInt64(end - start + 1))
            asked = max(asked, below)
            let deleted = try? broker.deleteRecords("t", below: below)
            if deleted?.error == ErrorCode.none { start = max(start, below) }
        case 2:
            // All that is older than five seconds goes, the open segment as well.
            broker.now += generator.next() % 4 == 0 ? 10_000 : 10
            if hasRetention { asked = end }
            broker.maintain()
        default:
            let value = "\(round).\(number)"
            number += 1
            let batch = TestBroker.batch([value], timestamp: broker.now)
            guard let result = try? broker.produce(batch, topic: "t"),
                result.error == ErrorCode.none
            else { return }
            if result.offset < end { fault = "offset \(result.offset) is given out again" }
            acknowledged[result.offset] = value
            end = result.offset + 1
        }
    }

    private mutating func check(_ broker: TestBroker) throws {
        let first = try broker.offset("t", at: -2)
        let view = try broker.read("t", from: first)
        if first < start { fault = "starts at \(first), was told \(start)" }
        // A record that was not acknowledged may be there, and have been asked to go with the rest.
        if first > max(asked, end) { fault = "starts at \(first), asked for \(asked)" }
        if !hasRetention, first > asked { fault = "starts at \(first), asked for \(asked)" }
        if view.highWatermark < end { fault = "ends at \(view.highWatermark), was told \(end)" }
        let seen = Dictionary(uniqueKeysWithValues: zip(view.offsets, view.values))
        for (offset, value) in acknowledged where offset >= first && seen[offset] != value {
            fault = "at \(offset) \(seen[offset] ?? "nothing") instead of \(value)"
        }
        if view.offsets != view.offsets.sorted() { fault = "offsets \(view.offsets)" }
        end = max(end, view.highWatermark)
        start = first
        asked = max(asked, first)
    }
}
