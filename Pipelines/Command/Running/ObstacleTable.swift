internal import Foundation
internal import PostgresClient
internal import Records
internal import Runtime

/// What keeps partitions from being read, or is missing of what was read, in the table `millrace.obstacles`.
///
/// Each worker tells it for whoever looks from another machine. It holds codes and sentences, never what records hold.
enum ObstacleTable {
    /// What one worker has told.
    struct Row: Equatable {
        /// The process.
        var worker: String
        /// The stage.
        var stage: String
        /// The partition; nil: all that the worker has of the stage on one of its threads.
        var partition: TopicPartition?
        /// Since when, by the run's clock.
        var since: EventTime
        /// The kind of failure.
        var code: String
        /// What is in the way, and what can be done about it.
        var message: String

        /// Whether the partition is read all the same, and something of it is missing.
        var isGap: Bool { code == ObstacleTable.gapCode }
    }

    /// Stands for the kind of failure where nothing has failed, but something was left out.
    static let gapCode = "left-out"
    /// The most rows of a worker; more are not told.
    static let maximumRows = 1_000
    /// The most characters of a message.
    static let maximumMessage = 1_000
    /// How long a worker is believed that says nothing more, by the database's clock: it may be dead.
    static let believedSeconds = 60.0

    /// What a worker's lanes have in their way.
    static func rows(_ status: [LaneStatus], worker: String) -> [Row] {
        let all = status.flatMap { lane in
            lane.obstacles.map { obstacle in
                Row(
                    worker: worker, stage: lane.stage, partition: obstacle.partition,
                    since: obstacle.since,
                    code: obstacle.isBlocking ? obstacle.error.code.rawValue : gapCode,
                    message: String(
                        "\(obstacle.error)".replacing("\0", with: " ").prefix(maximumMessage)))
            }
        }
        return Array(all.prefix(maximumRows))
    }

    /// Puts a worker's rows in the place of those that it told before.
    static func tell(
        _ rows: [Row], run: String, worker: String, on connection: PostgresConnection
    ) throws {
        try installTable("obstacles", create, on: connection)
        try connection.transaction {
            try connection.query(
                "DELETE FROM millrace.obstacles WHERE run = $1 AND (worker = $2 OR told_at"
                    + " < clock_timestamp() - interval '1 day')", [.text(run), .text(worker)])
            for row in rows.prefix(maximumRows) {
                try connection.query(
                    "INSERT INTO millrace.obstacles VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
                    [
                        .text(run), .text(worker), .text(row.stage),
                        row.partition.map { .text($0.topic) } ?? .null(.text),
                        row.partition.map { .int32($0.partition) } ?? .null(.integer),
                        .time(row.since), .text(row.code), .text(row.message),
                    ])
            }
        }
    }

    /// What the workers of a run have told lately, by stage and partition.
    static func current(run: String, on connection: PostgresConnection) throws -> [Row] {
        guard try isTableInstalled("obstacles", on: connection) else { return [] }
        let found = try connection.query(
            "SELECT worker, stage, coalesce(topic, ''), coalesce(number, 0), since, code, message"
                + " FROM millrace.obstacles WHERE run = $1 AND told_at"
                + " > clock_timestamp() - $2::float8 * interval '1 second'"
                + " ORDER BY stage, topic NULLS FIRST, number, worker, since",
            [.text(run), .double(believedSeconds)])
        return try found.map { row in
            let topic = try row.value(2, as: String.self)
            return Row(
                worker: try row.value(0), stage: try row.value(1),
                partition: topic.isEmpty
                    ? nil : TopicPartition(topic: topic, partition: try row.value(3)),
                since: try row.value(4), code: try row.value(5), message: try row.value(6))
        }
    }

    private static let create = """
        CREATE TABLE IF NOT EXISTS millrace.obstacles (
            run text NOT NULL,
            worker text NOT NULL,
            stage text NOT NULL,
            topic text,
            number integer,
            since timestamptz NOT NULL,
            code text NOT NULL,
            message text NOT NULL,
            told_at timestamptz NOT NULL DEFAULT clock_timestamp()
        )
        """
}
