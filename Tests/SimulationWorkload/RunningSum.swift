package import Records
internal import State
package import Transforms

/// The sum of a user's amounts so far.
package struct RunningSum: ProcessFunction {
    package init() {}

    package struct State: BinaryCodable {
        package var count: Int64 = 0
        package var sum: Int64 = 0

        package init() {}

        package init(from reader: inout ByteReader) throws(CodecError) {
            count = try reader.integer()
            sum = try reader.integer()
        }

        package func encode(into writer: inout ByteWriter) {
            writer.integer(count)
            writer.integer(sum)
        }
    }

    package func initialState(of key: Int64) -> State { State() }

    package mutating func process(
        _ event: Event, at time: EventTime, key: Int64, state: inout State,
        context: inout ProcessContext<Total>
    ) {
        state.count += 1
        state.sum += event.amount
        context.emit(
            Total(kind: key, start: 0, count: state.count, sum: state.sum), at: time)
    }
}

/// The sum of a user's amounts so far, published by a timer a while behind each event.
package struct DelayedSum: ProcessFunction {
    package static let delayMilliseconds: Int64 = 3_000

    package struct State: BinaryCodable {
        var sum = RunningSum.State()
        /// What is to be published: the event's time, and the sum with it.
        var waiting: [Total] = []

        package init() {}

        package init(from reader: inout ByteReader) throws(CodecError) {
            sum = try RunningSum.State(from: &reader)
            waiting = try [Total](from: &reader)
        }

        package func encode(into writer: inout ByteWriter) {
            sum.encode(into: &writer)
            waiting.encode(into: &writer)
        }
    }

    package func initialState(of key: Int64) -> State { State() }

    package mutating func process(
        _ event: Event, at time: EventTime, key: Int64, state: inout State,
        context: inout ProcessContext<Total>
    ) {
        state.sum.count += 1
        state.sum.sum += event.amount
        state.waiting.append(
            Total(
                kind: key, start: time.milliseconds, count: state.sum.count, sum: state.sum.sum))
        context.setTimer(at: time.advanced(byMilliseconds: DelayedSum.delayMilliseconds))
    }

    package mutating func timer(
        at time: EventTime, key: Int64, state: inout State, context: inout ProcessContext<Total>
    ) {
        let due = time.milliseconds - DelayedSum.delayMilliseconds
        for total in state.waiting where total.start == due { context.emit(total, at: time) }
        state.waiting.removeAll { $0.start == due }
    }
}
