public import Dataflow
public import Records
public import State

extension Stream {
    /// Lets through the values for which a condition holds, and takes back what no longer does.
    ///
    /// A value that was published and whose revision fails the condition becomes a retraction: no stale row
    /// survives a revision.
    ///
    ///     windows.aggregate("speed", SegmentSpeed.self).filter("private-enough") { $0.vehicles >= 3 }
    public func filter<Key: StreamKey, Value>(
        _ id: StaticString, file: StaticString = #fileID, line: UInt = #line,
        _ predicate: @escaping (Value) -> Bool
    ) -> Stream<OperatorFlow<F, ChangeFilter<Key, Value>>> where F.Out == Change<Key, Value> {
        apply(
            id, kind: "filter", details: ["of": "changes"], keepsPartitioning: true,
            at: SourceLocation(file, line)
        ) { id, _ in
            ChangeFilter(id: id, predicate: predicate)
        }
    }
}

/// Filters changes by their value, and remembers which keys of which windows it has let through.
public struct ChangeFilter<Key: StreamKey, Value>: StreamOperator, ~Copyable {
    /// Changes in.
    public typealias In = Change<Key, Value>
    /// Changes out.
    public typealias Out = Change<Key, Value>

    private let id: OperatorID
    private let predicate: (Value) -> Bool
    /// What is published, with the time after which nothing more is said of it.
    private var published = KeyedTable<PublishedKey<Key>, EventTime>()
    private var watermark = EventTime.min
    /// The earliest time in ``published``, or an earlier one: nothing expires before it.
    private var nextExpiry = EventTime.max

    init(id: OperatorID, predicate: @escaping (Value) -> Bool) {
        self.id = id
        self.predicate = predicate
    }

    /// Passes a fitting value on; turns any other into a retraction if something was published.
    public mutating func receive<S: Sink & ~Copyable>(
        _ change: In, at time: EventTime, into next: inout S
    ) where S.In == Out {
        let key = PublishedKey(key: change.key, windowStart: change.window.start)
        if let value = change.value, predicate(value) {
            if change.finalAt > watermark {
                _ = published.touch(key) { change.finalAt }
                nextExpiry = min(nextExpiry, change.finalAt)
            }
            next.receive(change, at: time)
        } else if published.remove(key) || change.value == nil {
            var retraction = change
            retraction.value = nil
            next.receive(retraction, at: time)
        }
    }

    /// Forgets the windows of which nothing more is said.
    public mutating func watermark<S: Sink & ~Copyable>(_ time: EventTime, into next: inout S)
    where S.In == Out {
        watermark = time
        next.watermark(time)
        guard time >= nextExpiry else { return }
        nextExpiry = .max
        var final: [PublishedKey<Key>] = []
        for slot in 0..<published.slotBound where published.isOccupied(slot) {
            if published[slot] <= time {
                final.append(published.key(at: slot))
            } else {
                nextExpiry = min(nextExpiry, published[slot])
            }
        }
        for key in final { published.remove(key) }
    }

    /// Writes what is published.
    public mutating func snapshot(_ writer: inout SnapshotWriter) {
        let fingerprint = OperatorFingerprint(
            id: id, kind: "changeFilter", keyType: String(describing: Key.self), stateVersion: 1)
        let scope = writer.scope
        writer.section(fingerprint, keys: published.count) { bytes in
            watermark.encode(into: &bytes)
            return published.snapshot(scope, into: &bytes)
        }
    }

    /// Goes on where the snapshot stood.
    public mutating func restore(_ reader: SnapshotReader) throws(CodecError) {
        var restored = watermark
        var table = KeyedTable<PublishedKey<Key>, EventTime>()
        swap(&table, &published)
        defer { swap(&table, &published) }
        try reader.section(id) { (bytes: inout ByteReader) throws(CodecError) in
            if reader.all { table.removeAll() }
            table.reserve(reader.expectedKeys(id))
            restored = try EventTime(from: &bytes)
            try table.apply(from: &bytes)
        }
        watermark = restored
        nextExpiry = .min
    }
}

/// A key in a window.
struct PublishedKey<Key: StreamKey>: StreamKey {
    let key: Key
    let windowStart: EventTime

    var streamHash: UInt64 {
        SeededGenerator.mix(key.streamHash ^ UInt64(bitPattern: windowStart.milliseconds))
    }

    init(key: Key, windowStart: EventTime) {
        self.key = key
        self.windowStart = windowStart
    }

    init(from reader: inout ByteReader) throws(CodecError) {
        self.init(key: try Key(from: &reader), windowStart: try EventTime(from: &reader))
    }

    func encode(into writer: inout ByteWriter) {
        key.encode(into: &writer)
        windowStart.encode(into: &writer)
    }
}
