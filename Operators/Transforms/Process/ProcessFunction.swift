public import Records
public import State

/// User code with state and timers for each key: what no ready operator does.
///
/// A function is a value of one task. It is called with the state of the record's key, changes it in place,
/// and says through the context what follows. Everything it must remember lives in ``State``; the function
/// itself may hold resources and scratch memory only, as it isn't checkpointed.
public protocol ProcessFunction<Key, Input, Output> {
    /// The key by which the stream is divided.
    associatedtype Key: StreamKey
    /// What comes in.
    associatedtype Input
    /// What goes out.
    associatedtype Output
    /// What is remembered of a key.
    associatedtype State: BinaryCodable

    /// The state of a key that was not seen before, or was forgotten.
    mutating func initialState(of key: Key) -> State
    /// Takes a record.
    mutating func process(
        _ input: Input, at time: EventTime, key: Key, state: inout State,
        context: inout ProcessContext<Output>)
    /// Event time has passed a time that was asked for.
    ///
    /// At the end of the input event time is `.max` and every timer fires, those that are set meanwhile too: a
    /// timer that sets itself anew must stop there.
    mutating func timer(
        at time: EventTime, key: Key, state: inout State, context: inout ProcessContext<Output>)
    /// The earliest event time of what the state holds back: the watermark waits for it, within the
    /// operator's bound. Nil when nothing is held back.
    func pendingTime(of state: State) -> EventTime?
}

extension ProcessFunction {
    /// Does nothing.
    public mutating func timer(
        at time: EventTime, key: Key, state: inout State, context: inout ProcessContext<Output>
    ) {}

    /// Nothing is held back.
    public func pendingTime(of state: State) -> EventTime? { nil }
}

/// What a process function can say and ask during a call.
public struct ProcessContext<Output> {
    /// How far event time has come.
    public internal(set) var watermark: EventTime = .min
    /// The clock's time at the last event.
    public internal(set) var now: EventTime = .min
    var emitted: [(Output, EventTime)] = []
    var timers: [EventTime] = []
    var isForgotten = false

    /// Sends a record downstream, with its event time.
    public mutating func emit(_ output: Output, at time: EventTime) {
        emitted.append((output, time))
    }

    /// Asks for a call when event time has passed `time`; asking twice for one time is asking once.
    public mutating func setTimer(at time: EventTime) {
        timers.append(time)
    }

    /// Forgets the key when the call returns: its state and its timers.
    public mutating func forget() {
        isForgotten = true
    }
}
