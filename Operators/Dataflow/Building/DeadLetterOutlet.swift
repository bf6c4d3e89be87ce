internal import Records
public import State

/// Where a stage keeps what it could not use, through its own authority: the topic `<pipeline>.dead-letters`,
/// or the table `millrace.dead_letters`.
public struct DeadLetterOutlet {
    private enum Target {
        case topic(Int)
        case table(Int)
    }

    private let context: TaskContext
    private let target: Target

    /// The table for stages whose authority is PostgreSQL.
    public static var table: TableSpec {
        TableSpec(
            "millrace.dead_letters",
            columns: [
                .init("pipeline", .text), .init("operator", .text), .init("topic", .text),
                .init("partition", .integer), .init("record_offset", .integer),
                .init("code", .text), .init("reason", .text), .init("event_time", .time),
                .init("key", .bytes), .init("value", .bytes),
            ], key: ["pipeline", "operator", "topic", "partition", "record_offset"])
    }

    /// Opens the place of a stage's authority.
    public init(_ builder: TaskBuilder) {
        context = builder.context
        target =
            builder.stage.authority == .postgres
            ? .table(context.outputTable(DeadLetterOutlet.table))
            : .topic(context.outputTopic(builder.plan.deadLetterTopic))
    }

    /// Keeps a letter.
    public func write(_ letter: DeadLetter) {
        switch target {
        case .topic(let topic): context.append(letter, topic: topic)
        case .table(let table): context.tables[table].rows.append(.upsert(row(letter)))
        }
    }

    private func row(_ letter: DeadLetter) -> [TableValue] {
        [
            .text(context.pipeline), .text(letter.operatorID.rawValue),
            .text(letter.partition?.topic ?? ""),
            .integer(Int64(letter.partition?.partition ?? -1)),
            .integer(letter.offset?.rawValue ?? -1), .text(letter.code), .text(letter.reason),
            .time(letter.time), letter.key.map { .bytes($0) } ?? .null,
            letter.value.map { .bytes($0) } ?? .null,
        ]
    }
}
