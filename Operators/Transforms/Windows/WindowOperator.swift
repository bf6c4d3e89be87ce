public import Dataflow
public import Records
public import State

/// Keeps an accumulator for each key and window and publishes it: early, as soon as the clock says that the
/// key's last early result is old enough, once the watermark passes the window's end, and again whenever a
/// late record revises it.
///
/// The windowed state is the "pane" design of Li et al., "No pane, no gain" (SIGMOD Record 2005), with one
/// pane a window, as tumbling windows don't overlap. Records and sums from the far side of a shuffle enter by
/// different doors.
@usableFromInline
struct WindowOperator<E: KeyExtractor, A: Accumulator>: StreamOperator, ~Copyable
where E.Key: StreamKey, E.Input == A.Input {
    @usableFromInline typealias In = E.Input
    @usableFromInline typealias Out = Change<E.Key, A>

    let id: OperatorID
    @usableFromInline let extractor: E
    @usableFromInline let context: TaskContext
    @usableFromInline let late: LateOutlet<E.Input>
    let stateVersion: UInt32
    @usableFromInline var table: WindowTable<E.Key, A>
    @usableFromInline var watermark = EventTime.min
    private let staleCounter: Int

    init(
        id: OperatorID, spec: WindowSpec, extractor: E, context: TaskContext,
        late: LateOutlet<E.Input>, stateVersion: UInt32
    ) {
        self.id = id
        self.extractor = extractor
        self.context = context
        self.late = late
        self.stateVersion = stateVersion
        table = WindowTable(spec: spec)
        staleCounter = context.counter(id, "stale-sums")
    }

    /// Adds a record that was keyed in place.
    @inlinable
    @inline(__always)
    mutating func receive<S: Sink & ~Copyable>(
        _ value: E.Input, at time: EventTime, into next: inout S
    ) where S.In == Out {
        guard let pane = table.pane(at: time, watermark: watermark) else {
            return late.receive(value, at: time, watermark: watermark, context)
        }
        let slot = pane.pointee.slot(extractor.key(of: value))
        pane.pointee.cells[slot].accumulator.add(value, at: time)
    }

    /// Adds a sum that was made in front of the shuffle, where its records were found to be in time.
    ///
    /// Its task wrote it before it promised that the window is over, so a sum that comes behind that promise
    /// is one that a later life of the task has written again, and the window has published it.
    mutating func merge(_ partial: A, key: E.Key, windowStart: Int64) {
        if table.spec.finalTime(startingAt: windowStart) <= watermark {
            return context.count(staleCounter)
        }
        let pane = table.findPane(windowStart)
        let slot = pane.pointee.slot(key)
        pane.pointee.cells[slot].accumulator.merge(partial)
    }

    /// Publishes what late records revised.
    @usableFromInline
    mutating func endBatch<S: Sink & ~Copyable>(into next: inout S) where S.In == Out {
        for pane in table.panes {
            guard table.spec.window(startingAt: pane.pointee.start).end <= watermark else { break }
            publish(pane, into: &next)
        }
        late.endBatch()
        next.endBatch()
    }

    @usableFromInline
    mutating func watermark<S: Sink & ~Copyable>(_ time: EventTime, into next: inout S)
    where S.In == Out {
        guard time > watermark else { return }
        watermark = time
        for pane in table.panes where table.spec.window(startingAt: pane.pointee.start).end <= time
        {
            publish(pane, into: &next)
        }
        table.drop(before: time)
        late.watermark(time)
        next.watermark(time)
    }

    @usableFromInline
    mutating func tick<S: Sink & ~Copyable>(_ tick: Tick, into next: inout S)
    where S.In == Out {
        if let interval = table.spec.earlyMilliseconds {
            var hasPublished = false
            for pane in table.panes {
                let due = pane.pointee.takeDue(now: tick.now, interval: interval)
                hasPublished = hasPublished || !due.isEmpty
                publish(due, of: pane, into: &next)
            }
            if hasPublished { next.endBatch() }
        }
        late.tick(tick)
        next.tick(tick)
    }

    @usableFromInline
    mutating func flush<S: Sink & ~Copyable>(into next: inout S) where S.In == Out {
        late.flush()
        next.flush()
    }

    /// Publishes all that has changed of a window.
    private func publish<S: Sink & ~Copyable>(
        _ pane: WindowTable<E.Key, A>.Pane, into next: inout S
    ) where S.In == Out {
        if pane.pointee.changed.isEmpty { return }
        var slots: [Int32] = []
        swap(&slots, &pane.pointee.changed)
        publish(slots, of: pane, into: &next)
        // The room is used again.
        slots.removeAll(keepingCapacity: true)
        swap(&slots, &pane.pointee.changed)
    }

    private func publish<S: Sink & ~Copyable>(
        _ slots: [Int32], of pane: WindowTable<E.Key, A>.Pane, into next: inout S
    ) where S.In == Out {
        let window = table.spec.window(startingAt: pane.pointee.start)
        let finalAt = table.spec.finalTime(startingAt: pane.pointee.start)
        for slot in slots.lazy.map(Int.init) {
            pane.pointee.cells.markChanged(slot)
            pane.pointee.cells[slot].isChanged = false
            pane.pointee.cells[slot].revision += 1
            next.receive(
                Change(
                    key: pane.pointee.cells.key(at: slot), window: window,
                    revision: pane.pointee.cells[slot].revision, finalAt: finalAt,
                    value: pane.pointee.cells[slot].accumulator),
                at: EventTime(milliseconds: window.end.milliseconds &- 1))
        }
    }

    @usableFromInline
    mutating func snapshot(_ writer: inout SnapshotWriter) {
        let fingerprint = OperatorFingerprint(
            id: id, kind: "window", keyType: String(describing: E.Key.self),
            stateVersion: WindowCell<A>.codecVersion &* 31 &+ stateVersion)
        let scope = writer.scope
        writer.section(fingerprint, keys: table.keyCount) { bytes in
            watermark.encode(into: &bytes)
            return table.snapshot(scope, into: &bytes)
        }
        late.snapshot(&writer)
    }

    @usableFromInline
    mutating func restore(_ reader: SnapshotReader) throws(CodecError) {
        var restored = watermark
        // The section closure can't capture `self` mutably, so the table is swapped out for its time.
        var table = WindowTable<E.Key, A>(spec: self.table.spec)
        swap(&table, &self.table)
        defer { swap(&table, &self.table) }
        try reader.section(id) { (bytes: inout ByteReader) throws(CodecError) in
            restored = try EventTime(from: &bytes)
            try table.restore(all: reader.all, from: &bytes)
            if reader.isLast { table.findChanged() }
        }
        watermark = restored
        try late.restore(reader)
    }
}
