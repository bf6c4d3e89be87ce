internal import Records

/// What a process operator keeps of a key: the function's state, its timers, and when the key was last seen.
struct ProcessCell<State: BinaryCodable>: BinaryCodable {
    var state: State
    /// Ascending, without doubles.
    var timers: [EventTime] = []
    var seenAt: EventTime = .min
    /// When the key's entry in the queue of expiries comes up; derived.
    var expiry: EventTime = .max
    /// The time that the watermark waits for; derived from the state.
    var pending: EventTime = .max

    init(_ state: State) { self.state = state }

    static var codecVersion: UInt32 { State.codecVersion }

    init(from reader: inout ByteReader) throws(CodecError) {
        state = try State(from: &reader)
        timers = try [EventTime](from: &reader)
        seenAt = try EventTime(from: &reader)
    }

    func encode(into writer: inout ByteWriter) {
        state.encode(into: &writer)
        timers.encode(into: &writer)
        seenAt.encode(into: &writer)
    }

    /// Adds a timer.
    ///
    /// - Returns: whether it is new.
    mutating func addTimer(_ time: EventTime) -> Bool {
        var index = timers.count
        while index > 0, timers[index - 1] > time { index -= 1 }
        if index > 0, timers[index - 1] == time { return false }
        timers.insert(time, at: index)
        return true
    }
}
