internal import Records
public import State

/// Where a stage keeps what it could not use, through its own authority: the topic `<pipeline>.dead-letters`,
/// or the table `millrace.dead_letters`.
public struct DeadLetterOutlet {
    private enum Target {
        case topic(Int)
        case table(RowOutlet)
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
        self.init(
            builder.context, isTable: builder.stage.authority == .postgres,
            topic: builder.plan.deadLetterTopic)
    }

    init(_ context: TaskContext, isTable: Bool, topic: String) {
        self.context = context
        target =
            isTable
            ? .table(
                context.rowOutlet(
                    DeadLetterOutlet.table, by: OperatorID(unchecked: "dead-letters"),
                    isDirect: false))
            : .topic(context.letterTopic(topic))
    }

    /// Keeps a letter.
    public func write(_ letter: DeadLetter) {
        switch target {
        case .topic(let topic): context.append(letter, topic: topic)
        case .table(let table):
            table.write(
                .upsert(DeadLetterOutlet.row(letter, pipeline: context.pipeline)), at: letter.time)
        }
    }

    /// The times that PostgreSQL can store, in milliseconds since 1970; the ends of all are infinite there.
    private static let storable: Range<Int64> = -210_866_803_200_000..<9_224_318_016_000_000

    /// A letter as a row that every database takes.
    static func row(_ letter: DeadLetter, pipeline: String) -> [TableValue] {
        let isStorable =
            letter.time == .min || letter.time == .max
            || storable.contains(letter.time.milliseconds)
        return [
            .text(pipeline), .text(letter.operatorID.rawValue),
            .text(letter.partition?.topic ?? ""),
            .integer(Int64(letter.partition?.partition ?? -1)),
            .integer(letter.offset?.rawValue ?? -1), .text(letter.code),
            .text(String(letter.reason.map { $0 == "\0" ? " " : $0 })),
            isStorable ? .time(letter.time) : .null, letter.key.map { .bytes($0) } ?? .null,
            letter.value.map { .bytes($0) } ?? .null,
        ]
    }
}
