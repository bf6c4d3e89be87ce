import BrokerModel
import EmbeddedBroker
import Records

/// The engine with files in memory, a clock that stands still and a client that speaks the protocol.
final class TestBroker: BrokerDriver {
    let files: any FileLayer
    private(set) var engine: BrokerEngine
    var now: Int64
    private(set) var lines: [String] = []
    private var answers: [UInt64: OutgoingFrame] = [:]
    private var wantedLanes: Set<SyncLane> = []
    private var compactions: [CompactionJob] = []
    /// Connections that the broker has cut off, with the reason.
    private(set) var closed: [UInt64: String] = [:]
    private var slot: UInt64 = 0
    private var correlation: Int32 = 0
    let connection = ClientConnection(number: 1, peer: "test", host: "localhost", port: 9092)
    /// Whether syncs run by themselves after each request.
    var syncsAtOnce = true
    /// Whether compactions run when syncs do.
    var compactsAtOnce = true

    init(
        files: any FileLayer, now: Int64 = 1_000_000,
        _ configure: (inout BrokerConfiguration) -> Void = { _ in }
    ) throws {
        self.files = files
        self.now = now
        var configuration = BrokerConfiguration(dataDirectory: "/data", seed: 7)
        configuration.flush = .ack
        configure(&configuration)
        engine = try BrokerEngine(configuration: configuration, files: files, now: now)
        engine.driver = self
        // What recovery wrote is synced like anything else.
        wantedLanes = Set(SyncLane.allCases)
        sync()
    }

    // MARK: The driver

    func send(_ frame: OutgoingFrame?, slot: UInt64, connection: ClientConnection) {
        if let frame { answers[slot] = frame }
    }

    func close(_ connection: ClientConnection, reason: String) {
        closed[connection.number] = reason
    }

    func syncWanted(_ lane: SyncLane) { wantedLanes.insert(lane) }

    func compactionWanted(_ job: CompactionJob) { compactions.append(job) }

    func log(_ line: String) { lines.append(line) }

    /// Runs the syncs and compactions that are wanted until there are none.
    func sync() {
        // The engine asks once more after each sync that left something; a bound ends what is stuck.
        for _ in 0..<64 where !wantedLanes.isEmpty || (compactsAtOnce && !compactions.isEmpty) {
            for lane in SyncLane.allCases where wantedLanes.remove(lane) != nil {
                let jobs = engine.takeSyncJobs(lane)
                if !jobs.isEmpty {
                    engine.finishSync(jobs.map { ($0.number, $0.run()) }, in: lane, now: now)
                }
            }
            guard compactsAtOnce, !compactions.isEmpty else { continue }
            let job = compactions.removeFirst()
            job.run()
            engine.finishCompaction(job, now: now)
        }
    }

    /// Looks after the logs as the broker does from time to time, with what follows from it.
    func maintain() {
        engine.maintain(now: now)
        sync()
    }

    func tick(after milliseconds: Int64) {
        now += milliseconds
        engine.tick(now: now)
        if syncsAtOnce { sync() }
    }

    // MARK: The client

    /// Sends a request; the answer may come later.
    @discardableResult
    func send<M: Message>(_ request: M, version: Int16? = nil) throws -> UInt64 {
        correlation += 1
        return try send(Self.frame(request, version: version, correlation: correlation))
    }

    /// A request as a client sends it, without its length.
    static func frame<M: Message>(
        _ request: M, version: Int16? = nil, correlation: Int32
    ) -> [UInt8] {
        let version = version ?? M.layout.versions.upperBound
        let isFlexible = version >= M.layout.flexible
        let header = RequestHeader(
            apiKey: M.layout.key.rawValue, version: version, correlationID: correlation,
            clientID: "test")
        return FieldWriter.write(
            request, version: version, behind: header.write(isFlexible: isFlexible)
        ).writer.bytes
    }

    /// Sends the bytes of a request.
    func send(_ frame: [UInt8]) throws -> UInt64 {
        defer { slot += 1 }
        let slot = slot
        try frame.withUnsafeBytes {
            try engine.handle($0, slot: slot, connection: connection, now: now)
        }
        if syncsAtOnce { sync() }
        return slot
    }

    /// Drops the answers so far.
    func forgetAnswers() { answers = [:] }

    /// The bytes of an answer with the batches in their places, nil while there is none.
    func bytes(of slot: UInt64) -> [UInt8]? {
        guard let frame = answers[slot] else { return nil }
        var bytes: [UInt8] = []
        var position = 0
        for part in frame.parts {
            bytes += frame.bytes[position..<part.position]
            position = part.position
            var run = [UInt8](
                repeating: 0, count: Int(part.range.upperBound - part.range.lowerBound))
            _ = run.withUnsafeMutableBytes {
                try? part.file.read(into: $0, at: part.range.lowerBound)
            }
            bytes += run
        }
        return bytes + frame.bytes[position...]
    }

    /// Reads an answer; nil while there is none.
    func answer<R: Message>(
        _ type: R.Type, to slot: UInt64, version: Int16? = nil
    ) throws -> (response: R, frame: [UInt8])? {
        guard let bytes = bytes(of: slot) else { return nil }
        let version = version ?? R.layout.versions.upperBound
        return try bytes.withUnsafeBytes { buffer in
            var reader = ByteReader(UnsafeRawBufferPointer(rebasing: buffer[4...]))
            _ = try reader.bigEndian(Int32.self)
            if version >= R.layout.flexible, R.layout.key != .apiVersions {
                _ = try reader.varint()
            }
            return (
                try FieldReader.read(R.self, version: version, from: reader), Array(bytes[4...])
            )
        }
    }

    /// Sends a request and reads the answer, which must be there at once.
    func ask<M: Message, R: Message>(
        _ request: M, _ type: R.Type, version: Int16? = nil
    ) throws -> R {
        let slot = try send(request, version: version)
        guard let answer = try answer(R.self, to: slot, version: version) else {
            throw NoAnswer(api: "\(M.layout.key)")
        }
        return answer.response
    }

    struct NoAnswer: Error {
        var api: String
    }
}
