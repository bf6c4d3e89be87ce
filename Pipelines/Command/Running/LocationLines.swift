internal import Foundation
internal import LocationIngest
internal import Records

/// Plays recorded locations: a file of batches, one JSON object a line, as `POST /v1/locations` takes them.
struct LocationLines {
    /// What became of the lines.
    struct Totals {
        var lines = 0
        var accepted = 0
        var rejected = 0
        var refused = 0
    }

    private let door: LocationDoor
    private let interruption: Interruption
    /// How far behind the clock a recorded point may lie, in milliseconds: 50 years.
    private static let age: Int64 = 50 * 366 * 86_400_000
    private static let chunkBytes = 1 << 16
    /// How long to wait when the log is behind, and how often, before giving up.
    private static let pause = Duration.milliseconds(100)
    private static let attempts = 600

    /// Prepares to write to a running pipeline.
    init(_ runner: PipelineRunner, clock: any EventClock, interruption: Interruption) throws {
        var limits = try LocationDoor.limits(parameters: runner.parameters)
        limits.ageMilliseconds = max(limits.ageMilliseconds, LocationLines.age)
        door = LocationDoor(
            decoder: LocationBatchDecoder(limits: limits), doors: runner.doors, clock: clock)
        self.interruption = interruption
    }

    /// Writes all of a file, or of standard input for `-`, line after line.
    ///
    /// - Throws: when the file can't be read, a line is longer than a request may be, or the log stays behind.
    func play(_ path: String) async throws -> Totals {
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
