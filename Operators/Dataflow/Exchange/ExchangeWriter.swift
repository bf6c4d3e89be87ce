public import Records

/// Writes the topic between two stages: records to the partitions of their keys, markers to all.
///
/// A record's value is a kind byte (0), its event time and its payload; a marker's is a kind byte (1) and
/// the marker. Terminal operators own one and add what they have to say.
public struct ExchangeWriter {
    /// The first byte of a record's value.
    static let recordKind: UInt8 = 0
    /// The first byte of a marker's value.
    static let markerKind: UInt8 = 1
    /// A marker is written at least this often, so that readers can tell silence from death.
    public static let markerIntervalMilliseconds: Int64 = 5_000

    private let context: TaskContext
    private let topic: Int
    private let partitions: Int32
    private var watermark: EventTime = .min
    private var announced: EventTime = .min
    private var announcedAt: EventTime = .min
    private var sequence: UInt64 = 0

    /// Opens the topic for writing.
    ///
    /// - Parameters:
    ///   - operatorID: who writes it.
    ///   - isDirect: whether each record comes of the one that is being read.
    /// - Throws: when the topic's partitions can't be counted.
    public init(
        topic name: String, by operatorID: OperatorID, isDirect: Bool = false,
        _ context: TaskContext
    ) throws {
        self.context = context
        partitions = try context.partitionCount(name)
        topic = context.outputTopic(name, by: operatorID, isDirect: isDirect)
    }

    /// Appends a record.
    ///
    /// - Parameters:
    ///   - partition: where the record goes, whatever its key; taken modulo the topic's partitions.
    ///   - key: writes the key's bytes, which choose the partition.
    ///   - payload: writes the rest.
    @inline(__always)
    public mutating func write(
        at time: EventTime, to partition: Int32? = nil, key: (inout ByteWriter) -> Void,
        payload: (inout ByteWriter) -> Void
    ) {
        context.append(
            topic: topic, at: time, to: partition.map { $0 % partitions }, of: partitions, key: key
        ) { writer in
            writer.integer(ExchangeWriter.recordKind)
            writer.integer(time.milliseconds)
            payload(&writer)
        }
    }

    /// Notes how far event time has come; it is announced by the next ``flush()``.
    public mutating func watermark(_ time: EventTime) {
        guard time > watermark else { return }
        watermark = time
        context.hasNewTime = true
    }

    /// Announces event time to every partition, behind everything that was written before.
    public mutating func flush() {
        let isDue =
            context.now.millisecondsSince(announcedAt) >= ExchangeWriter.markerIntervalMilliseconds
        guard watermark > announced || isDue || sequence == 0 else { return }
        sequence += 1
        announced = watermark
        context.hasNewTime = false
        announcedAt = context.now
        let marker = WatermarkMarker(
            upstreamTask: context.partition, incarnation: context.incarnation, sequence: sequence,
            upstreamTasks: context.stageTasks, watermark: watermark)
        for partition in 0..<partitions {
            context.append(topic: topic, partition: partition, at: context.now) { writer in
                writer.integer(ExchangeWriter.markerKind)
                marker.encode(into: &writer)
            }
        }
    }
}
