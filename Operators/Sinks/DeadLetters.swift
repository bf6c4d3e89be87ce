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
    public static var table: TableSpec { DeadLetterOutlet.table }

    /// Opens the place of the stage's authority.
    public func make(_ node: NodeID, _ builder: TaskBuilder) throws -> DeadLetterTerminal<In> {
        DeadLetterTerminal(
            id: builder.operatorID(node), context: builder.context,
            outlet: DeadLetterOutlet(builder),
            counter: builder.context.counter(builder.operatorID(node), "records"))
    }
}

/// Writes dead letters.
public struct DeadLetterTerminal<In: DeadLetterConvertible>: TerminalSink {
    let id: OperatorID
    let context: TaskContext
    let outlet: DeadLetterOutlet
    let counter: Int

    /// Writes one.
    public mutating func receive(_ value: In, at time: EventTime) {
        context.count(counter)
        outlet.write(value.deadLetter(from: id))
    }
}
