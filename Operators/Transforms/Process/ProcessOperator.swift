public import Dataflow
public import Records
public import State

/// Runs a process function: keeps its state by key, fires its timers, and holds the watermark at what the
/// function holds back.
public struct ProcessOperator<Function: ProcessFunction>: StreamOperator, ~Copyable {
    /// Keyed records in.
    public typealias In = Keyed<Function.Key, Function.Input>
    /// What the function emits.
    public typealias Out = Function.Output

    private let id: OperatorID
    private let taskContext: TaskContext
    private let options: ProcessOptions
    /// What the function needs to understand its state, by name and checksum.
    private let resource: String?
    private var function: Function
    private var cells = KeyedTable<Function.Key, ProcessCell<Function.State>>()
    private var timers = TimeQueue<Function.Key>()
    private var expiries = TimeQueue<Function.Key>()
    private var pending = TimeQueue<Function.Key>()
    private var context = ProcessContext<Function.Output>()
    private var announced = EventTime.min

    init(
        id: OperatorID, function: Function, options: ProcessOptions, resource: String?,
        context: TaskContext
    ) {
        self.id = id
        self.function = function
        self.options = options
        self.resource = resource
        taskContext = context
    }

    /// Hands a record to the function, with the state of its key.
    public mutating func receive<S: Sink & ~Copyable>(
        _ keyed: In, at time: EventTime, into next: inout S
    ) where S.In == Out {
        let isNew = cells.slot(of: keyed.key) == nil
        if isTurnedAway(isNew: isNew) { return }
        let slot = cells.touch(keyed.key) { ProcessCell(function.initialState(of: keyed.key)) }
        if let timeToLive = options.timeToLiveMilliseconds {
            // One entry a key: it is moved on when it comes up and the key was seen since.
            if isNew { expire(slot, keyed.key, at: time.advanced(byMilliseconds: timeToLive)) }
            cells[slot].seenAt = max(cells[slot].seenAt, time)
        }
        context.now = taskContext.now
        function.process(
            keyed.value, at: time, key: keyed.key, state: &cells[slot].state, context: &context)
        settle(slot, keyed.key, &next)
    }

    /// Whether there is no room for a record: then it is left out, or the task fails.
    private func isTurnedAway(isNew: Bool) -> Bool {
        let isFull = isNew && cells.count >= options.maximumKeys
        switch options.whenFull {
        case .stop:
            if isFull {
                taskContext.fail(
                    DataflowError(
                        .limitExceeded, domain: .user,
                        "the operator keeps \(cells.count) keys, its bound; raise maximumKeys or set a time to live",
                        operatorID: id))
            }
            return isFull
        case .leaveOut:
            let least = isNew ? StateRoom.scarce : .reserved
            guard isFull || taskContext.room >= least else { return false }
            taskContext.leaveOut(id, keyBound: isFull ? options.maximumKeys : nil)
            return true
        }
    }

    /// Carries out what the function said during a call.
    private mutating func settle<S: Sink & ~Copyable>(
        _ slot: Int, _ key: Function.Key, _ next: inout S
    ) where S.In == Out {
        for (output, time) in context.emitted { next.receive(output, at: time) }
        context.emitted.removeAll(keepingCapacity: true)
        if context.isForgotten {
            context.isForgotten = false
            context.timers.removeAll(keepingCapacity: true)
            cells.remove(key)
            return
        }
        for time in context.timers where cells[slot].addTimer(time) { timers.add(time, key) }
        context.timers.removeAll(keepingCapacity: true)
        notePending(slot, key)
    }

    private mutating func notePending(_ slot: Int, _ key: Function.Key) {
        let time = function.pendingTime(of: cells[slot].state) ?? .max
        if time != cells[slot].pending {
            cells[slot].pending = time
            if time < .max { pending.add(time, key) }
        }
    }

    /// Fires the timers that event time has passed, forgets keys, and passes on what nothing holds back.
    public mutating func watermark<S: Sink & ~Copyable>(_ time: EventTime, into next: inout S)
    where S.In == Out {
        context.watermark = time
        context.now = taskContext.now
        fire(upTo: time, &next)
        expire(upTo: time)
        let bound =
            time == .max ? .max : time.advanced(byMilliseconds: -options.maximumHoldMilliseconds)
        let passed = max(min(time, earliestPending()), bound)
        if passed > announced {
            announced = passed
            next.watermark(passed)
        }
    }

    private mutating func fire<S: Sink & ~Copyable>(upTo time: EventTime, _ next: inout S)
    where S.In == Out {
        while let first = timers.first, first.time <= time {
            timers.removeFirst()
            // A timer may have been forgotten with its key, or set anew by a later life of it.
            guard let slot = cells.slot(of: first.key),
                let index = cells[slot].timers.firstIndex(of: first.time)
            else { continue }
            cells.markChanged(slot)
            cells[slot].timers.remove(at: index)
            function.timer(
                at: first.time, key: first.key, state: &cells[slot].state, context: &context)
            settle(slot, first.key, &next)
        }
    }

    private mutating func expire(upTo time: EventTime) {
        guard let timeToLive = options.timeToLiveMilliseconds else { return }
        while let first = expiries.first, first.time <= time, time < .max {
            expiries.removeFirst()
            // The entry of an earlier life of the key is void.
            guard let slot = cells.slot(of: first.key), cells[slot].expiry == first.time
            else { continue }
            let expiry = cells[slot].seenAt.advanced(byMilliseconds: timeToLive)
            if expiry <= time {
                cells.remove(first.key)
            } else {
                expire(slot, first.key, at: expiry)
            }
        }
    }

    private mutating func expire(_ slot: Int, _ key: Function.Key, at time: EventTime) {
        cells[slot].expiry = time
        expiries.add(time, key)
    }

    private mutating func earliestPending() -> EventTime {
        while let first = pending.first {
            if let slot = cells.slot(of: first.key), cells[slot].pending == first.time {
                return first.time
            }
            pending.removeFirst()
        }
        return .max
    }

    private var fingerprint: OperatorFingerprint {
        OperatorFingerprint(
            id: id, kind: resource.map { "process with \($0)" } ?? "process",
            keyType: String(describing: Function.Key.self),
            stateVersion: Function.State.codecVersion &* 31 &+ options.version)
    }

    /// Writes the states and timers of keys that changed.
    public mutating func snapshot(_ writer: inout SnapshotWriter) {
        let scope = writer.scope
        writer.section(fingerprint, keys: cells.count) { bytes in
            context.watermark.encode(into: &bytes)
            announced.encode(into: &bytes)
            return cells.snapshot(scope, into: &bytes)
        }
    }

    /// Goes on where the snapshot stood; timers and holds are found in the states.
    public mutating func restore(_ reader: SnapshotReader) throws(CodecError) {
        var (watermark, announced) = (context.watermark, announced)
        var table = KeyedTable<Function.Key, ProcessCell<Function.State>>()
        swap(&table, &cells)
        do throws(CodecError) {
            try reader.section(id) { (bytes: inout ByteReader) throws(CodecError) in
                if reader.all { table.removeAll() }
                table.reserve(reader.expectedKeys(id))
                watermark = try EventTime(from: &bytes)
                announced = try EventTime(from: &bytes)
                try table.apply(from: &bytes)
            }
        } catch {
            swap(&table, &cells)
            throw error
        }
        swap(&table, &cells)
        context.watermark = watermark
        self.announced = announced
        if reader.isLast { rebuildQueues() }
    }

    private mutating func rebuildQueues() {
        timers.removeAll()
        expiries.removeAll()
        pending.removeAll()
        for slot in 0..<cells.slotBound where cells.isOccupied(slot) {
            let key = cells.key(at: slot)
            for time in cells[slot].timers { timers.add(time, key) }
            if let timeToLive = options.timeToLiveMilliseconds {
                expire(slot, key, at: cells[slot].seenAt.advanced(byMilliseconds: timeToLive))
            }
            cells[slot].pending = .max
            notePending(slot, key)
        }
    }
}
