internal import Foundation
internal import Records

/// What a run leaves in `demo.json`, so that the next one can go on with its log, database and store.
struct KeptRun: Codable, Equatable {
    /// The run's name: its groups and checkpoints carry it.
    var run: String
    /// No later than this did the run's clock stand, in milliseconds since 1970: event time goes on from here.
    var clock: Int64
    /// Whether it ended in order: its windows are closed for good then, and what follows is another run.
    var ended: Bool
    /// Whether its inputs began at the ends of the topics.
    var startsAtEnd: Bool
    /// The map that it runs on.
    var map: String
    /// Partitions of its topics.
    var partitions: Int32

    /// What was kept; nil when nothing was.
    ///
    /// - Throws: `.invalidConfiguration` that names the file, when it can't be read.
    static func load(_ path: String) throws -> KeptRun? {
        guard let data = FileManager.default.contents(atPath: path) else { return nil }
        do {
            return try JSONDecoder().decode(KeptRun.self, from: data)
        } catch {
            throw DataflowError(
                .invalidConfiguration, domain: .user,
                "\(path) does not say which run was kept; run without --keep to start afresh")
        }
    }

    /// Writes the file whole or not at all.
    func save(_ path: String) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
        try encoder.encode(self).write(to: URL(fileURLWithPath: path), options: .atomic)
    }

    /// The run that follows.
    ///
    /// - Parameters:
    ///   - kept: what the last run left; nil: nothing.
    ///   - now: the time on the wall, which names a run: no other has begun in the same millisecond.
    ///   - start: when the fleet would set out, on a full minute.
    ///   - isShared: whether the topics may hold what others wrote.
    /// - Returns: the run, with the start of its clock in ``clock``: no earlier than where the kept one's stood, on
    ///   a full minute, so that nothing is late.
    /// - Throws: `.invalidConfiguration` when the kept run has another map or other topics.
    static func next(
        after kept: KeptRun?, at now: EventTime, start: EventTime, map: String, partitions: Int32,
        isShared: Bool
    ) throws -> KeptRun {
        let minute: Int64 = 60_000
        guard let kept else {
            return KeptRun(
                run: "\(now.milliseconds)", clock: start.milliseconds, ended: false,
                startsAtEnd: isShared, map: map, partitions: partitions)
        }
        guard kept.partitions == partitions else {
            throw DataflowError(
                .invalidConfiguration, domain: .user,
                "the kept run's topics have \(kept.partitions) partitions, not \(partitions)")
        }
        let clock = max(start.milliseconds, (kept.clock + minute - 1) / minute * minute)
        if kept.ended {
            // Another name than the kept run's, whatever the clock on the wall was set to.
            let name = now.milliseconds + (kept.run == "\(now.milliseconds)" ? 1 : 0)
            return KeptRun(
                run: "\(name)", clock: clock, ended: false, startsAtEnd: true, map: map,
                partitions: partitions)
        }
        guard kept.map == map else {
            throw DataflowError(
                .invalidConfiguration, domain: .user,
                "the kept run was interrupted on the map \"\(kept.map)\", not \"\(map)\"")
        }
        var next = kept
        next.clock = clock
        return next
    }
}
