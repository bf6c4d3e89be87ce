internal import Foundation
internal import KafkaClient
internal import LocationIngest
internal import Records

/// Plays recorded locations: batches as `POST /v1/locations` takes them, one JSON object a line of a file or a
/// record of a topic.
struct LocationLines {
    /// What became of the lines.
    struct Totals {
        var lines = 0
        var accepted = 0
        var rejected = 0
        var refused = 0
    }

    /// What names a topic in place of a file.
    private static let topicMark = "topic:"
    /// How many waits of 20 ms a topic may keep silent before its end.
    private static let patience = 1_500
    /// The most records of a topic's partition that are held at a time.
    private static let recordLimit = 64

    private let door: LocationDoor
    private let kafka: KafkaConfiguration
    private let interruption: Interruption
    /// How far behind the clock a recorded point may lie, in milliseconds: 50 years.
    private static let age: Int64 = 50 * 366 * 86_400_000
    private static let chunkBytes = 1 << 16
    /// How long to wait when the log is behind, and how often, before giving up.
    private static let pause = Duration.milliseconds(100)
    private static let attempts = 600

    /// Prepares to write to a running pipeline.
    init(
        _ runner: PipelineRunner, kafka: KafkaConfiguration, clock: any EventClock,
        interruption: Interruption
    ) throws {
        var limits = try LocationDoor.limits(parameters: runner.parameters)
        limits.ageMilliseconds = max(limits.ageMilliseconds, LocationLines.age)
        self.init(
            door: LocationDoor(
                decoder: LocationBatchDecoder(limits: limits), doors: runner.doors, clock: clock),
            kafka: kafka, interruption: interruption)
    }

    /// Prepares to write through a door.
    init(door: LocationDoor, kafka: KafkaConfiguration, interruption: Interruption) {
        self.door = door
        self.kafka = kafka
        self.interruption = interruption
    }

    /// Writes all of a file, of standard input for `-`, or of what a topic holds now for `topic:name`, line after
    /// line.
    ///
    /// - Throws: when the file can't be read, a line is longer than a request may be, or the log stays behind.
    func play(_ path: String) async throws -> Totals {
        if path.hasPrefix(LocationLines.topicMark) {
            return try await play(topic: String(path.dropFirst(LocationLines.topicMark.count)))
        }
        let file: FileHandle
        if path == "-" {
            file = .standardInput
        } else {
            guard let opened = FileHandle(forReadingAtPath: path) else {
                throw DataflowError(
                    .invalidConfiguration, domain: .user, "\(path) can't be opened")
            }
            file = opened
        }
        var totals = Totals()
        var rest: [UInt8] = []
        while !interruption.isRequested,
            let chunk = try file.read(upToCount: LocationLines.chunkBytes), !chunk.isEmpty
        {
            var lines = chunk.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
            let open = lines.removeLast()
            for line in lines {
                try await take(rest + line, &totals)
                rest = []
            }
            rest += open
            guard rest.count <= door.decoder.limits.bodyBytes else {
                throw DataflowError(
                    .limitExceeded, domain: .user,
                    "line \(totals.lines + 1) has more than \(door.decoder.limits.bodyBytes) bytes")
            }
        }
        if !interruption.isRequested { try await take(rest, &totals) }
        return totals
    }

    /// Writes what a topic holds now, its partitions one behind the other in each round; a record may hold several
    /// lines.
    private func play(topic: String) async throws -> Totals {
        let cursor = try TopicCursor(topic, kafka, memoryBudget: 16 << 20)
        defer { cursor.close() }
        var totals = Totals()
        var silent = 0
        while !cursor.isAtEnd, !interruption.isRequested {
            var values: [[UInt8]] = []
            let count = try cursor.read(maximum: LocationLines.recordLimit) { record in
                if let value = record.value { values.append(Array(value)) }
            }
            for line in values.lazy.flatMap({ $0.split(separator: UInt8(ascii: "\n")) }) {
                try await take(Array(line), &totals)
            }
            silent = count > 0 ? 0 : silent + 1
            guard silent < LocationLines.patience else {
                throw DataflowError(
                    .logUnavailable, domain: .external,
                    "topic \(topic) could not be read to its end")
            }
            if count == 0 { cursor.wait(milliseconds: 20) }
        }
        return totals
    }

    private func take(_ line: [UInt8], _ totals: inout Totals) async throws {
        if line.allSatisfy({ $0 == 32 || $0 == 9 || $0 == 13 }) { return }
        totals.lines += 1
        for _ in 0..<LocationLines.attempts where !interruption.isRequested {
            switch await door.take(line) {
            case .written(let decoded):
                totals.accepted += decoded.accepted.count
                totals.rejected += decoded.rejected.count
                return
            case .refused:
                totals.refused += 1
                return
            case .full, .failed: try await Task.sleep(for: LocationLines.pause)
            }
        }
        if interruption.isRequested { return }
        throw DataflowError(
            .logUnavailable, domain: .external, "the log did not take line \(totals.lines)")
    }
}
