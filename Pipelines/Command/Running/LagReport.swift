internal import Dataflow
internal import KafkaClient
internal import PostgresClient
internal import Records

/// How far behind each stage of a run is, by its authority's word: committed against the end of its inputs.
final class LagReport {
    /// One partition of one stage.
    struct Row {
        let stage: String
        let partition: TopicPartition
        /// The first offset that is not accounted for; nil before the first commit.
        let committed: Offset?
        let end: Offset
        /// Records that are not accounted for.
        let lag: Int64
    }

    let admin: KafkaAdmin
    private let kafka: KafkaConfiguration
    /// Asks for the ends of partitions; made when that is first asked for.
    private var reader: KafkaReader?
    private let connection: PostgresConnection?

    /// Connects.
    init(_ services: ServiceEnvironment) throws {
        admin = try KafkaAdmin(services.kafka)
        kafka = services.kafka
        connection = try services.postgres.map { try PostgresConnection($0) }
    }

    /// Disconnects.
    func close() {
        admin.close()
        reader?.close()
        connection?.close()
    }

    /// Every partition of every stage that reads topics.
    func rows(plan: Plan, run: String) throws -> [Row] {
        let reader = try reader ?? KafkaReader(kafka, KafkaReaderOptions(.byHand()))
        self.reader = reader
        var rows: [Row] = []
        for stage in plan.stages where !stage.isPushed {
            let committed = try positions(stage, run: run)
            for topic in stage.topics {
                for number in 0..<(try reader.partitionCount(of: topic)) {
                    let partition = TopicPartition(topic: topic, partition: number)
                    let bounds = try reader.bounds(of: partition)
                    let from = max(committed[partition] ?? bounds.earliest, bounds.earliest)
                    rows.append(
                        Row(
                            stage: stage.name, partition: partition,
                            committed: committed[partition], end: bounds.end,
                            lag: max(0, bounds.end.rawValue - from.rawValue)))
                }
            }
        }
        return rows
    }

    /// What keeps partitions from being read, as the run's workers tell it in PostgreSQL; nothing without one.
    func obstacles(run: String) throws -> [ObstacleTable.Row] {
        try connection.map { try ObstacleTable.current(run: run, on: $0) } ?? []
    }

    /// Where a stage stands, by its authority's word.
    func positions(_ stage: Stage, run: String) throws -> [TopicPartition: Offset] {
        guard stage.authority == .postgres else {
            return try admin.committed(group: "\(run).\(stage.name)")
                .mapValues(\.offset)
        }
        guard let connection else {
            throw DataflowError(
                .invalidConfiguration, domain: .user,
                "stage \(stage.name) commits to PostgreSQL: set DATABASE_URL")
        }
        let found = try connection.query(
            "SELECT t.topic, t.number, t.position FROM millrace.task_positions p,"
                + " unnest(p.topics, p.partitions, p.offsets) AS t(topic, number, position)"
                + " WHERE p.run = $1 AND p.stage = $2", [.text(run), .text(stage.name)])
        var positions: [TopicPartition: Offset] = [:]
        for row in found {
            let partition = TopicPartition(
                topic: try row.value(0, as: String.self),
                partition: try row.value(1, as: Int32.self))
            positions[partition] = Offset(try row.value(2, as: Int64.self))
        }
        return positions
    }
}
