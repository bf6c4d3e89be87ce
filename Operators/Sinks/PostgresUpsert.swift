public import Dataflow
public import Records
public import State

/// Keeps a table: each record says what becomes of one row.
///
/// Rows and input offsets are committed in one transaction: exactly once, whatever the pipeline's delivery.
/// A stage that writes topics too leaves this to a stage of its own, which reads the same records from a
/// topic. A row that the database refuses becomes a dead letter in the same transaction; its neighbours are kept.
public struct PostgresUpsert<In> {
    let table: TableSpec
    let row: (In) -> RowChange?

    /// Keeps `table`.
    ///
    /// - Parameter row: what a record says of the table; nil: nothing.
    public init(_ table: TableSpec, row: @escaping (In) -> RowChange?) {
        self.table = table
        self.row = row
    }
}

/// Gathers changes of rows for the task's commit.
struct TableTerminal<In>: TerminalSink {
    let context: TaskContext
    let outlet: RowOutlet
    let counter: Int
    let row: (In) -> RowChange?

    mutating func receive(_ value: In, at time: EventTime) {
        guard let change = row(value) else { return }
        context.count(counter)
        outlet.write(change, at: time)
    }
}

extension Stream where F.Out: BinaryCodable {
    /// Keeps a table up to date with the stream.
    public func sink(
        _ id: StaticString, to upsert: PostgresUpsert<F.Out>, file: StaticString = #fileID,
        line: UInt = #line
    ) {
        let kind = GraphNode.Kind.tableSink(table: upsert.table.name)
        let node = addSink(id, kind, SourceLocation(file, line))
        let (graph, flow) = (builder, flow)
        graph.sink(node) { builder in
            if builder.stage.handoffs.contains(node) {
                let writer = try ExchangeWriter(
                    topic: builder.plan.handoffTopic(node), by: builder.operatorID(node),
                    isDirect: builder.isDirect(node), builder.context)
                return try flow.join(
                    HandoffTerminal(
                        writer: writer, number: builder.context.partition), builder)
            }
            let (input, id) = (builder.plan.followed[node], builder.operatorID(node))
            let terminal = TableTerminal<F.Out>(
                context: builder.context,
                outlet: builder.context.rowOutlet(
                    upsert.table, by: id, isDirect: input != nil || builder.isDirect(node)),
                counter: builder.context.counter(id, "rows"), row: upsert.row)
            guard let input else {
                return try flow.join(terminal, builder)
            }
            try attach(terminal, node, to: input, graph, builder)
        }
    }

    private func attach(
        _ terminal: TableTerminal<F.Out>, _ node: NodeID, to input: Stage.Input,
        _ graph: GraphBuilder, _ builder: TaskBuilder
    ) throws {
        if input.kind == .handoff {
            let reader = ExchangeReader<HandoffKey, TableTerminal<F.Out>>(
                id: builder.operatorID(node), builder, notesPlaces: true, next: terminal)
            return builder.addInput(
                StageInput(
                    topic: input.topic, node: node, carriesMarkers: true, into: reader,
                    receive: { reader, batch in
                        reader.receive(batch, as: F.Out.self) { _, time, value, next in
                            next.receive(value, at: time)
                        }
                    }))
        }
        guard let sink = builder.plan.followedSinks[node],
            let reader = graph.topicReader(of: sink, as: F.Out.self)
        else {
            throw DataflowError(
                .invalidDefinition, domain: .user,
                "the topic that this sink follows carries records of another type",
                operatorID: builder.operatorID(node))
        }
        let decode = FollowedTopic(
            context: builder.context,
            poison: PoisonBox(id: builder.operatorID(node), builder), reader: reader)
        builder.addInput(
            StageInput(
                topic: input.topic, node: node, carriesMarkers: false, into: terminal,
                receive: { terminal, batch in decode.receive(batch, into: &terminal) }))
    }
}

/// Reads a topic of the pipeline's own: what can't be decoded there is no input error but a fault, of which the
/// ``PoisonBox`` decides.
struct FollowedTopic<Record> {
    let context: TaskContext
    let poison: PoisonBox
    let reader: TopicReader<Record>

    func receive<S: Sink>(_ batch: RecordBatch, into sink: inout S) where S.In == Record {
        for record in batch.records {
            context.setPosition(batch.partition, record.offset)
            do throws(CodecError) {
                sink.receive(try reader.read(record), at: record.timestamp)
            } catch {
                if !poison.take(record, of: batch.partition, error) { return }
            }
        }
    }
}
