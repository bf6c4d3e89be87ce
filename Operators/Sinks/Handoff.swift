internal import Dataflow
internal import Records
internal import State

/// The key of a handed-over record: its writer's partition, so that records stay in the order in which
/// their task wrote them.
typealias HandoffKey = Int32

/// Hands a stream over to a stage with another authority.
struct HandoffTerminal<In: BinaryCodable>: TerminalSink {
    var writer: ExchangeWriter
    let number: HandoffKey

    mutating func receive(_ value: In, at time: EventTime) {
        writer.write(at: time, to: number) {
            number.encode(into: &$0)
        } payload: {
            value.encode(into: &$0)
        }
    }

    mutating func watermark(_ time: EventTime) { writer.watermark(time) }
    mutating func flush() { writer.flush() }
}
