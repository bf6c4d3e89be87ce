public import Dataflow
public import Records
public import State

/// Keeps what a pipeline could not use, with reason, place and original bytes, through the stage's own
/// authority: in the topic `<pipeline>.dead-letters`, or in the table `millrace.dead_letters`.
public struct DeadLetters<In: DeadLetterConvertible>: SinkFactory {
    /// Makes a sink.
    public init() {}

    /// A sink of what could not be used.
    public var kind: GraphNode.Kind { .deadLetters }

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

    /// Opens the place of the stage's authority.
    public func make(_ node: NodeID, _ builder: TaskBuilder) throws -> DeadLetterTerminal<In> {
        let context = builder.context
        let toTable = builder.stage.authority == .postgres
        return DeadLetterTerminal(
            id: builder.operatorID(node), context: context, toTable: toTable,
            target: toTable
                ? context.outputTable(DeadLetters.table)
                : context.outputTopic(builder.plan.deadLetterTopic),
            counter: context.counter(builder.operatorID(node), "records"))
    }
}

/// Writes dead letters.
public struct DeadLetterTerminal<In: DeadLetterConvertible>: TerminalSink {
    let id: OperatorID
    let context: TaskContext
    let toTable: Bool
    let target: Int
    let counter: Int

    /// Writes one.
    public mutating func receive(_ value: In, at time: EventTime) {
        let letter = value.deadLetter(from: id)
        context.count(counter)
        if toTable {
            context.tables[target].rows.append(.upsert(row(letter)))
        } else {
            context.append(letter, topic: target)
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
