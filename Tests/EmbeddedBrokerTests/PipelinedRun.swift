import BrokerModel
import EmbeddedBroker
import Records

/// An idempotent producer with several batches on their way, over segments of one batch each: what
/// comes after a lost batch must be lost with it, or it could never be sent again.
struct PipelinedRun: KillPointRun {
    let seed: UInt64
    var fault: String?
    private(set) var isReached = false
    private var generator: SeededGenerator

    private static let batches = 12
    private static let open = 4

    init(seed: UInt64) {
        self.seed = seed
        generator = SeededGenerator(seed: seed)
    }

    mutating func go() throws {
        var files = FaultyFiles(seed: seed)
        var broker = try TestBroker(files: files)
        try broker.createTopic("t", ["segment.bytes": "100"])
        let producer = try broker.initProducer(nil).producerID
        files.killAt = files.operations + 1 + Int(generator.next() % 40)
        var next = 0
        var crashes = 0
        while next < Self.batches {
            let window = next..<min(next + Self.open, Self.batches)
            let errors = send(broker, window, producer)
            let taken = errors.prefix { $0 == ErrorCode.none }.count
            next += taken
            if taken == window.count { continue }
            crashes += 1
            guard files.isDead, crashes < 3 else {
                return fault = "batch \(next): \(String(describing: errors[taken]))"
            }
            isReached = isReached || files.isDead
            files = files.crashed()
            broker = try TestBroker(files: files)
        }
        let view = try broker.read("t")
        if view.values != (0..<Self.batches).map({ "v\($0)" }) { fault = "read \(view.values)" }
    }

    /// Sends batches without waiting; the outcome of each, nil without an answer.
    private func send(
        _ broker: TestBroker, _ numbers: Range<Int>, _ producer: Int64
    ) -> [ErrorCode?] {
        broker.syncsAtOnce = false
        let slots = numbers.map { number in
            let batch = TestBroker.batch(["v\(number)"], producer: (producer, 0, Int32(number)))
            return try? broker.send(TestBroker.produceRequest(batch, topic: "t"))
        }
        broker.syncsAtOnce = true
        broker.sync()
        return slots.map { slot in
            guard let slot, let answer = try? broker.answer(ProduceResponse.self, to: slot)
            else { return nil }
            return ErrorCode(
                rawValue: answer.response.responses[0].partitionResponses[0].errorCode)
        }
    }
}
