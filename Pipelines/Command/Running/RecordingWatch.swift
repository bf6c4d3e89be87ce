internal import Records
internal import Runtime

/// Finds out when a recording has ended that somebody plays into a pipeline's topics: nothing has come for a while
/// on any of its partitions, and all that came was read.
struct RecordingWatch {
    /// How long nothing has come then.
    static let silence = Duration.seconds(30)

    private var positions: [TopicPartition: Offset?] = [:]
    private var quietSince: ContinuousClock.Instant?
    private var ended = EventTime.min

    /// Looks at a pipeline that runs.
    ///
    /// - Returns: the newest event time of a recording that has ended and was not told of yet.
    mutating func look(
        at status: [LaneStatus], now: ContinuousClock.Instant
    ) -> EventTime? {
        // Event time begins in these stages; in those behind it comes with the records.
        let stages = Set(
            status.filter { $0.progress.contains { $0.newestTime != nil } }.map(\.stage))
        let inputs = status.filter { stages.contains($0.stage) }.flatMap(\.progress)
        guard let newest = inputs.compactMap(\.newestTime).max(), newest > ended,
            inputs.allSatisfy({ $0.isRunning && $0.idleSince != nil })
        else {
            quietSince = nil
            return nil
        }
        let places = Dictionary(inputs.map { ($0.partition, $0.position) }) { $1 }
        if places != positions { quietSince = nil }
        positions = places
        let since = quietSince ?? now
        quietSince = since
        guard now - since >= RecordingWatch.silence else { return nil }
        ended = newest
        return newest
    }
}
