internal import Dataflow
internal import OperatorTesting
internal import Records
internal import Runtime
internal import State
internal import Transforms

/// A task with more keys than its operator may keep, on a thread with one that is busy and one that has nothing to
/// do: it is blocked until somebody raises the bound and starts the workers again, and the others go on.
enum CrowdedTask {
    /// How many keys a task may keep, as whoever starts a worker says.
    final class Bound {
        var keys = 3
    }

    private static let partitions: Int32 = 3
    private static let crowdedPartition: Int32 = 0
    private static let busyPartition: Int32 = 1
    /// How often the busy task is looked at, half a second of simulated time apart.
    private static let maximumLooks = 400

    /// The first users of a partition.
    private static func users(_ count: Int, of partition: Int32) -> [Int64] {
        let all = (Int64(0)...).lazy.filter { user in
            user.encoded.withUnsafeBytes { Murmur2.partition($0, of: partitions) } == partition
        }
        return Array(all.prefix(count))
    }

    /// Events of too many users for one task, and of few for another.
    static func events(_ count: Int, seed: UInt64) -> [Event] {
        let users =
            users(6, of: crowdedPartition) + users(Bound().keys, of: busyPartition)
        return Event.make(count, seed: seed, users: UInt64(users.count)).map { event in
            var event = event
            event.user = users[Int(event.user)]
            return event
        }
    }

    /// One thread, which tries a blocked task again soon.
    static func configure(_ options: inout SimulationOptions) {
        options.partitions = partitions
        options.workers = 1
        options.worker.blockedRetryMilliseconds = 2_000
        options.worker.longestBlockedRetryMilliseconds = 8_000
    }

    static func define(_ bound: Bound, idleAfter: Duration?) -> (GraphBuilder) -> Void {
        { graph in
            let options = ProcessOptions(maximumKeys: bound.keys)
            TestPipelines.bounded(options, idleAfter: idleAfter)(graph)
        }
    }

    /// Waits until the busy task has published everything beside the blocked one, then raises the bound.
    ///
    /// - Returns: what is wrong when it never does.
    static func outgrow(
        _ item: SimulationCase, _ harness: PipelineHarness, _ bound: Bound
    ) throws -> SimulationProblem? {
        let busy = Set(users(Bound().keys, of: busyPartition))
        let wanted = item.input.count { busy.contains($0.user) }
        var looks = 0
        // What may be lost can't be waited for.
        while item.delivery != .atMostOnce || item.faults == 0 {
            let totals = Set(try harness.records(of: "totals", as: Total.self))
            if totals.count(where: { busy.contains($0.kind) }) >= wanted { break }
            looks += 1
            if looks > maximumLooks {
                return SimulationProblem(.endless, "a busy task waits for its blocked neighbour")
            }
            try harness.advance(by: .milliseconds(500))
        }
        try harness.advance(by: .seconds(5))
        bound.keys = .max
        try harness.driver.crash()
        return nil
    }
}
