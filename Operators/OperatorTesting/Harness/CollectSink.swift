public import Dataflow
public import Records

/// What a ``CollectSink`` has taken: read by the test that made the sink.
public final class Collected<Element> {
    /// The records with their event times, in the order of their arrival.
    public private(set) var elements: [(value: Element, time: EventTime)] = []
    /// How far event time has come.
    public fileprivate(set) var watermark = EventTime.min

    /// Collects nothing yet.
    public init() {}

    /// The records, without their times.
    public var values: [Element] { elements.map(\.value) }

    /// Hands over what was collected and forgets it.
    public func take() -> [(value: Element, time: EventTime)] {
        defer { elements = [] }
        return elements
    }

    fileprivate func append(_ value: Element, _ time: EventTime) {
        elements.append((value, time))
    }
}

/// Ends a stream in memory, for tests: what arrives lies in ``collected``.
public struct CollectSink<In>: SinkFactory {
    /// What has arrived, in all tasks and lives of the pipeline together.
    public let collected = Collected<In>()

    /// Makes a sink that has taken nothing.
    public init() {}

    /// A sink in memory.
    public var kind: GraphNode.Kind { .localSink }

    /// Makes the end of one task's chain.
    public func make(_ node: NodeID, _ builder: TaskBuilder) throws -> CollectTerminal<In> {
        CollectTerminal(collected: collected)
    }
}

/// Appends what arrives to a ``Collected``.
public struct CollectTerminal<In>: TerminalSink {
    let collected: Collected<In>

    /// Keeps a record.
    public mutating func receive(_ value: In, at time: EventTime) {
        collected.append(value, time)
    }

    /// Notes how far event time has come.
    public mutating func watermark(_ time: EventTime) { collected.watermark = time }
}
