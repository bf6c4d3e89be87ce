public import Records

/// The event time of a partition that many tasks write: the least of what each of them has promised.
///
/// Checkpointed with the task that reads. Promises of an earlier life are void, none is ever taken back,
/// and nothing is known before every upstream task has spoken.
public struct MarkerTable: BinaryCodable, Sendable {
    private struct Promise: Sendable {
        var incarnation: UInt64
        var sequence: UInt64
        var watermark: EventTime
    }

    private var promises: [Int32: Promise] = [:]
    private var expected: Int32 = 0

    /// The least promise; `.min` until every upstream task has spoken.
    public private(set) var watermark: EventTime = .min

    /// The most upstream tasks that are believed in: a damaged marker can't make the table grow.
    public static let maximumUpstreamTasks: Int32 = 100_000

    /// Starts without promises.
    public init() {}

    /// Takes a marker in.
    ///
    /// - Returns: whether the watermark has advanced.
    public mutating func receive(_ marker: WatermarkMarker) -> Bool {
        guard marker.upstreamTasks <= MarkerTable.maximumUpstreamTasks else { return false }
        if marker.upstreamTasks > expected {
            // Tasks that come with new partitions start where everybody is: they can't know of less.
            if expected > 0, watermark > .min {
                for task in expected..<marker.upstreamTasks where promises[task] == nil {
                    promises[task] = Promise(incarnation: 0, sequence: 0, watermark: watermark)
                }
            }
            expected = marker.upstreamTasks
        }
        var promise =
            promises[marker.upstreamTask]
            ?? Promise(incarnation: 0, sequence: 0, watermark: .min)
        guard
            (marker.incarnation, marker.sequence) >= (promise.incarnation, promise.sequence)
        else { return false }
        promise.incarnation = marker.incarnation
        promise.sequence = marker.sequence
        promise.watermark = max(promise.watermark, marker.watermark)
        promises[marker.upstreamTask] = promise
        guard promises.count >= Int(expected) else { return false }
        let least = promises.values.reduce(EventTime.max) { min($0, $1.watermark) }
        guard least > watermark else { return false }
        watermark = least
        return true
    }

    /// Reads a table.
    public init(from reader: inout ByteReader) throws(CodecError) {
        expected = try reader.integer()
        watermark = try EventTime(from: &reader)
        for _ in 0..<(try reader.count(minimumSize: 28)) {
            let task: Int32 = try reader.integer()
            promises[task] = Promise(
                incarnation: try reader.integer(), sequence: try reader.integer(),
                watermark: try EventTime(from: &reader))
        }
    }

    /// Writes the table, tasks in order.
    public func encode(into writer: inout ByteWriter) {
        writer.integer(expected)
        watermark.encode(into: &writer)
        writer.varint(UInt64(promises.count))
        for (task, promise) in promises.sorted(by: { $0.key < $1.key }) {
            writer.integer(task)
            writer.integer(promise.incarnation)
            writer.integer(promise.sequence)
            promise.watermark.encode(into: &writer)
        }
    }
}
