public import Records
public import State

/// The reading half of a shuffle: decodes records and keeps the table of promises about event time.
public struct ExchangeReader<Key: StreamKey, S: Sink & ~Copyable>: Sink, ~Copyable {
    /// What stands downstream decides.
    public typealias In = S.In
    private let id: OperatorID
    private let poison: PoisonBox
    /// Told where each record lies; nil: nobody asks.
    private let context: TaskContext?
    private var markers = MarkerTable()
    private var next: S

    /// Starts without promises.
    ///
    /// - Parameter notesPlaces: whether a sink that stands directly behind asks where its records lie.
    public init(
        id: OperatorID, _ builder: TaskBuilder, notesPlaces: Bool = false, next: consuming S
    ) {
        self.id = id
        context = notesPlaces ? builder.context : nil
        poison = PoisonBox(id: id, builder)
        self.next = next
    }

    /// Takes a batch: each record is decoded and handed to `deliver`, each marker noted.
    ///
    /// A record that can't be decoded to its last byte was damaged on the way or written by an incompatible
    /// program; nothing of it goes on, and what becomes of it is for the ``PoisonBox`` to say.
    @inline(__always)
    public mutating func receive<Value: BinaryCodable>(
        _ batch: RecordBatch, as type: Value.Type,
        deliver: (Key, EventTime, Value, inout S) -> Void
    ) {
        for record in batch.records {
            context?.setPosition(batch.partition, record.offset)
            do throws(CodecError) {
                switch try ExchangeRecord(record) {
                case .marker(let marker):
                    if markers.receive(marker) { next.watermark(markers.watermark) }
                case .record(let time, var payload):
                    guard let bytes = record.key else { throw .malformed("no key") }
                    let key = try Key(decoding: bytes)
                    let value = try Value(from: &payload)
                    guard payload.isAtEnd else { throw .trailingBytes(payload.remaining) }
                    deliver(key, time, value, &next)
                }
            } catch {
                if !poison.take(record, of: batch.partition, error) { return }
            }
        }
    }

    /// Passes a record on.
    public mutating func receive(_ value: S.In, at time: EventTime) {
        next.receive(value, at: time)
    }
    /// Passes the end of the batch on.
    public mutating func endBatch() { next.endBatch() }
    /// Passes on the end of the input; all other event time comes in band.
    public mutating func watermark(_ time: EventTime) { next.watermark(time) }
    /// Passes the clock on.
    public mutating func tick(_ tick: Tick) { next.tick(tick) }
    /// Passes the flush on.
    public mutating func flush() { next.flush() }

    private var fingerprint: OperatorFingerprint {
        OperatorFingerprint(
            id: id.part("markers"), kind: "exchange", keyType: String(describing: Key.self),
            stateVersion: MarkerTable.codecVersion)
    }

    /// Writes the table of promises.
    public mutating func snapshot(_ writer: inout SnapshotWriter) {
        writer.section(fingerprint) { markers.encode(into: &$0) }
        next.snapshot(&writer)
    }

    /// Takes the table of promises over, and with it the event time.
    public mutating func restore(_ reader: SnapshotReader) throws(CodecError) {
        var restored = markers
        try reader.section(id.part("markers")) { (bytes: inout ByteReader) throws(CodecError) in
            restored = try MarkerTable(from: &bytes)
        }
        markers = restored
        try next.restore(reader)
    }
}
