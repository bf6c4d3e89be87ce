internal import Foundation
internal import KafkaClient
internal import LocationIngest
internal import Records

/// Plays recorded locations: batches as `POST /v1/locations` takes them, one JSON object a line of a file or a
/// record of a topic.
///
/// A recording may be sorted by user, or by anything: event time follows what is played, so that one user's evening
/// would make the next one's morning late. So it is read to its end first and played in the order of time.
struct LocationLines {
    /// In which order locations are played.
    enum Order: String, CaseIterable {
        /// By their time; see ``LocationSorter``.
        case time
        /// As they come, for input that is in order already, or that doesn't end.
        case given
    }

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
    private let order: Order
    /// How far behind the clock a recorded point may lie, in milliseconds: 50 years.
    private static let age: Int64 = 50 * 366 * 86_400_000
    /// How long to wait when the log is behind, and how often, before giving up.
    private static let pause = Duration.milliseconds(100)
    private static let attempts = 600

    /// Prepares to write to a running pipeline.
    init(
        _ runner: PipelineRunner, kafka: KafkaConfiguration, clock: any EventClock,
        order: Order = .time, interruption: Interruption
    ) throws {
        var limits = try LocationDoor.limits(parameters: runner.parameters)
        limits.ageMilliseconds = max(limits.ageMilliseconds, LocationLines.age)
        self.init(
            door: LocationDoor(
                decoder: LocationBatchDecoder(limits: limits), doors: runner.doors, clock: clock),
            kafka: kafka, order: order, interruption: interruption)
    }

    /// Prepares to write through a door.
    init(
        door: LocationDoor, kafka: KafkaConfiguration, order: Order = .time,
        interruption: Interruption
    ) {
        self.order = order
        self.door = door
        self.kafka = kafka
        self.interruption = interruption
    }

    /// Writes all of a file, of standard input for `-`, or of what a topic holds now for `topic:name`.
    ///
    /// - Throws: when the file can't be read, a line is longer than a request may be, there is no room to sort, or
    ///   the log stays behind.
    func play(_ path: String) async throws -> Totals {
        var totals = Totals()
        var sorter = LocationSorter()
        if path.hasPrefix(LocationLines.topicMark) {
            let topic = String(path.dropFirst(LocationLines.topicMark.count))
            try await read(topic: topic, &totals, &sorter)
        } else {
            try await read(file: path, &totals, &sorter)
        }
        try await sorter.drain { updates in
            if interruption.isRequested { return false }
            let isWritten = try await insist("locations of \(updates[0].observedAt)") {
                await door.put(updates) == nil
            }
            if isWritten { totals.accepted += updates.count }
            return isWritten
        }
        return totals
    }

    private func read(
        file path: String, _ totals: inout Totals, _ sorter: inout LocationSorter
    ) async throws {
        let file = try InputFile(path)
        var rest: [UInt8] = []
        while let chunk = try await file.next(unless: interruption) {
            var lines = chunk.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
            let open = lines.removeLast()
            for line in lines {
                try await take(rest + line, &totals, &sorter)
                rest = []
            }
            rest += open
            guard rest.count <= door.decoder.limits.bodyBytes else {
                throw DataflowError(
                    .limitExceeded, domain: .user,
                    "line \(totals.lines + 1) has more than \(door.decoder.limits.bodyBytes) bytes")
            }
        }
        if !interruption.isRequested { try await take(rest, &totals, &sorter) }
    }

    /// Reads what a topic holds now, its partitions one behind the other in each round; a record may hold several
    /// lines.
    private func read(
        topic: String, _ totals: inout Totals, _ sorter: inout LocationSorter
    ) async throws {
        let cursor = try TopicCursor(topic, kafka, memoryBudget: 16 << 20)
        defer { cursor.close() }
        var silent = 0
        while !cursor.isAtEnd, !interruption.isRequested {
            var values: [[UInt8]] = []
            let count = try cursor.read(maximum: LocationLines.recordLimit) { record in
                if let value = record.value { values.append(Array(value)) }
            }
            for line in values.lazy.flatMap({ $0.split(separator: UInt8(ascii: "\n")) }) {
                try await take(Array(line), &totals, &sorter)
            }
            silent = count > 0 ? 0 : silent + 1
            guard silent < LocationLines.patience else {
                throw DataflowError(
                    .logUnavailable, domain: .external,
                    "topic \(topic) could not be read to its end")
            }
            if count == 0 { cursor.wait(milliseconds: 20) }
        }
    }

    /// Takes a line: its good points to be sorted or written, its bad ones written.
    private func take(
        _ line: [UInt8], _ totals: inout Totals, _ sorter: inout LocationSorter
    ) async throws {
        if line.allSatisfy({ $0 == 32 || $0 == 9 || $0 == 13 }) { return }
        totals.lines += 1
        var outcome = LocationDoor.Outcome.full
        _ = try await insist("line \(totals.lines)") {
            outcome = await door.take(line, keepsPoints: order == .time)
            switch outcome {
            case .written, .refused: return true
            case .full, .failed: return false
            }
        }
        switch outcome {
        case .written(let decoded):
            totals.rejected += decoded.rejected.count
            if order == .given {
                totals.accepted += decoded.accepted.count
            } else {
                for update in decoded.accepted { try sorter.add(update) }
            }
        case .refused: totals.refused += 1
        case .full, .failed: break
        }
    }

    /// Tries until the log takes something; false when the run is to stop before it has.
    private func insist(_ what: String, _ body: () async -> Bool) async throws -> Bool {
        for _ in 0..<LocationLines.attempts {
            if interruption.isRequested { return false }
            if await body() { return true }
            try await Task.sleep(for: LocationLines.pause)
        }
        throw DataflowError(.logUnavailable, domain: .external, "the log did not take \(what)")
    }
}
