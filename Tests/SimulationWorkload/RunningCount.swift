package import Records
package import Transforms

/// How many records of a key there were so far, published with each.
package struct RunningCount<Input: BinaryCodable>: ProcessFunction {
    package init() {}

    package func initialState(of key: Int64) -> Int64 { 0 }

    package mutating func process(
        _ record: Input, at time: EventTime, key: Int64, state: inout Int64,
        context: inout ProcessContext<Total>
    ) {
        state += 1
        context.emit(Total(kind: key, start: 0, count: state, sum: state), at: time)
    }
}
