import BrokerModel
import EmbeddedBroker
import Records

/// Topics, values and offsets that are changed on a machine that dies three times.
struct AdministrationRun: KillPointRun {
    /// What administrators see.
    private struct State: Equatable {
        var partitions: [String: Int] = [:]
        /// How many records each topic has: they go with it, and no sooner.
        var records: [String: Int] = [:]
        var retention: [String: String] = [:]
        /// By group; -1 for none.
        var offsets: [String: Int64] = [:]
    }

    let seed: UInt64
    var fault: String?
    private(set) var isReached = false
    private var generator: SeededGenerator
    private var state = State()
    /// What the change that was not answered would have made of it.
    private var doubt: State?

    private static let names = ["a", "b", "c"]

    init(seed: UInt64) {
        self.seed = seed
        generator = SeededGenerator(seed: seed)
    }

    mutating func go() throws {
        var files = FaultyFiles(seed: seed)
        var broker = try TestBroker(files: files)
        try broker.createTopic("t")
        state.partitions["t"] = 1
        state.retention["t"] = "604800000"
        state.records["t"] = 0
        for name in Self.names { state.offsets[name] = -1 }
        for _ in 0..<3 {
            files.killAt = files.operations + 1 + Int(generator.next() % 40)
            for _ in 0..<30 where doubt == nil && fault == nil { try step(broker) }
            isReached = isReached || files.isDead
            files = files.crashed()
            broker = try TestBroker(files: files)
            let found = try look(broker)
            if found != state, found != doubt {
                fault = "\(found) instead of \(state) or \(String(describing: doubt))"
            }
            if fault != nil { return }
            // A topic that is there takes records at once.
            for name in found.partitions.keys.sorted() {
                guard
                    try broker.produce(TestBroker.batch(["v"]), topic: name).error == ErrorCode.none
                else { return fault = "\(name) takes no records" }
            }
            (state, doubt) = (try look(broker), nil)
        }
    }

    private mutating func step(_ broker: TestBroker) throws {
        let name = Self.names[Int(generator.next() % 3)]
        let count = state.partitions[name]
        var new = state
        let error: ErrorCode?
        switch generator.next() % 7 {
        case 0, 1:
            guard count == nil else { return }
            new.partitions[name] = 2
            new.retention[name] = "604800000"
            new.records[name] = 0
            error = try? broker.createTopic(name, partitions: 2)
        case 2:
            guard count != nil else { return }
            new.partitions[name] = nil
            new.retention[name] = nil
            new.records[name] = nil
            error = try? broker.deleteTopic(name)
        case 3:
            guard let count else { return }
            new.partitions[name] = count + 1
            error = try? broker.createPartitions(name, count: Int32(count + 1))
        case 4:
            guard count != nil else { return }
            let value = String(1_000 + generator.next() % 1_000)
            new.retention[name] = value
            error = try? broker.configure(name, "retention.ms", value)
        case 5:
            let offset = Int64(generator.next() % 1_000)
            new.offsets[name] = offset
            error = try? broker.commit(offset, group: name)
        default:
            guard state.offsets[name] != -1 else { return }
            new.offsets[name] = -1
            error =
                try? generator.next() % 2 == 0
                ? broker.deleteOffset(group: name) : broker.deleteGroup(name)
        }
        if error == ErrorCode.none { state = new } else { doubt = new }
    }

    private func look(_ broker: TestBroker) throws -> State {
        var found = State()
        found.partitions = try broker.partitionCounts()
        for name in found.partitions.keys {
            found.retention[name] = try broker.configuration(name, "retention.ms")
            found.records[name] = try broker.read(name).values.count
        }
        for name in Self.names { found.offsets[name] = try broker.committed(group: name) }
        return found
    }
}
