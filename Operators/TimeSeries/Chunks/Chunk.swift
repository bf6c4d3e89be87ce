public import Records

/// A run of samples of one series, compressed, which grows at its end.
///
/// Gauges and counters take about one byte a sample. A chunk is a value; appending to one that
/// nobody else holds copies nothing and decodes nothing.
public struct Chunk: Sendable {
    /// Why a sample was not appended.
    public enum AppendError: Error, Hashable, Sendable {
        /// The sample is not later than the last one; see ``inserting(_:)``.
        case outOfOrder
        /// The chunk holds ``Chunk/sampleLimit`` samples.
        case full
    }

    /// How many samples a chunk may hold.
    public static let sampleLimit = 65_535
    /// After how many samples ``split(_:every:)`` and ``merged(_:)`` begin another chunk.
    public static let usualCount = 4_096

    /// How many samples there are.
    public private(set) var count = 0
    /// The time of the first sample, or 0 in an empty chunk.
    public private(set) var firstTimestamp: Int64 = 0
    private var encoder = ChunkEncoder()

    /// Starts empty.
    public init() {}

    /// Compresses samples, as many as fit.
    init(_ samples: SampleColumns, _ range: Range<Int>) {
        for index in range.prefix(Chunk.sampleLimit) {
            try? append(samples.timestamps[index], samples.values[index])
        }
    }

    private init(count: Int, firstTimestamp: Int64, encoder: ChunkEncoder) {
        self.count = count
        self.firstTimestamp = firstTimestamp
        self.encoder = encoder
    }

    /// Whether there are no samples.
    public var isEmpty: Bool { count == 0 }
    /// The time of the last sample, or 0 in an empty chunk.
    public var lastTimestamp: Int64 { encoder.state.timestamp }
    /// How many bytes the samples take, without the header.
    public var byteCount: Int { (encoder.writer.bitCount + 7) / 8 }
    /// The times from first to last, or `nil` in an empty chunk.
    public var timeRange: ClosedRange<Int64>? {
        isEmpty ? nil : firstTimestamp...max(firstTimestamp, lastTimestamp)
    }

    /// Adds a sample behind the last one; the time is in milliseconds.
    @inlinable
    public mutating func append(_ sample: Sample) throws(AppendError) {
        try append(sample.timestamp, sample.value)
    }

    /// Adds a sample behind the last one; the time is in milliseconds.
    public mutating func append(_ timestamp: Int64, _ value: Double) throws(AppendError) {
        if count == 0 {
            firstTimestamp = timestamp
        } else {
            guard timestamp > encoder.state.timestamp else { throw .outOfOrder }
            guard count < Chunk.sampleLimit else { throw .full }
        }
        encoder.append(timestamp, value, isFirst: count == 0)
        count += 1
    }

    /// Visits the samples in order.
    ///
    /// - Throws: `CodecError` when the bits are not those of a chunk, after the samples before.
    public func forEach(_ body: (_ timestamp: Int64, _ value: Double) -> Void) throws(CodecError) {
        guard count > 0 else { return }
        let words = encoder.writer.padded(by: BitCursor.padding)
        let bitCount = encoder.writer.bitCount
        let isSound = words.withUnsafeBufferPointer { buffer in
            guard let base = buffer.baseAddress else { return false }
            var decoder = ChunkDecoder(base, firstTimestamp: firstTimestamp)
            for index in 0..<count {
                // The padding lets a damaged sample run over the end by no more than itself.
                guard decoder.next(isFirst: index == 0), decoder.position <= bitCount else {
                    return false
                }
                body(decoder.state.timestamp, Double(bitPattern: decoder.state.bits))
            }
            return true
        }
        guard isSound else { throw .malformed("a chunk's samples") }
    }

    /// The samples, decoded.
    public func samples() throws(CodecError) -> SampleColumns {
        var columns = SampleColumns(capacity: count)
        try forEach { columns.appendLast($0, $1) }
        return columns
    }

    /// The samples of several chunks in a range of time, in order; of two at one time that of the
    /// later chunk counts.
    static func samples(
        of chunks: [Chunk], in range: ClosedRange<Int64>
    ) throws(CodecError) -> SampleColumns {
        let wanted = chunks.filter { $0.timeRange?.overlaps(range) ?? false }
        let isInOrder = zip(wanted, wanted.dropFirst()).allSatisfy {
            $0.lastTimestamp < $1.firstTimestamp
        }
        if isInOrder { return try joined(wanted).sliced(range) }
        var result = SampleColumns(capacity: wanted.reduce(0) { $0 + $1.count })
        for chunk in wanted {
            try chunk.forEach { timestamp, value in
                if range.contains(timestamp) { result.insert(Sample(timestamp, value)) }
            }
        }
        return result
    }

    /// The samples of chunks each of which lies behind the one before.
    private static func joined(_ chunks: [Chunk]) throws(CodecError) -> SampleColumns {
        let total = chunks.reduce(0) { $0 + $1.count }
        var failure: CodecError?
        var values: [Double] = []
        let timestamps = [Int64](unsafeUninitializedCapacity: total) { times, timeCount in
            values = [Double](unsafeUninitializedCapacity: total) { numbers, valueCount in
                var place = 0
                do throws(CodecError) {
                    for chunk in chunks {
                        // A chunk that is sound yields no more samples than it counts.
                        try chunk.forEach { timestamp, value in
                            times[place] = timestamp
                            numbers[place] = value
                            place &+= 1
                        }
                    }
                } catch {
                    failure = error
                }
                timeCount = place
                valueCount = place
            }
        }
        if let failure { throw failure }
        return SampleColumns(increasing: timestamps, values)
    }

    /// Cuts samples into chunks.
    public static func split(_ samples: SampleColumns, every count: Int = usualCount) -> [Chunk] {
        let size = min(max(1, count), sampleLimit)
        return stride(from: 0, to: samples.count, by: size).map {
            Chunk(samples, $0..<min(samples.count, $0 + size))
        }
    }

    /// The chunks of all samples of several chunks; of two at one time that of the later chunk
    /// counts.
    public static func merged(_ chunks: [Chunk]) throws(CodecError) -> [Chunk] {
        split(try samples(of: chunks, in: .min ... .max))
    }

    /// The chunk with further samples in any order, cut where it would grow too large; a sample at
    /// a known time replaces the one there.
    public func inserting(_ samples: some Sequence<Sample>) throws(CodecError) -> [Chunk] {
        var columns = try self.samples()
        for sample in samples { columns.insert(sample) }
        return Chunk.split(columns)
    }

    /// The samples before a time, and those from it on.
    public func cut(at timestamp: Int64) throws(CodecError) -> (before: Chunk, after: Chunk) {
        let columns = try samples()
        let place = columns.firstIndex(atOrAfter: timestamp)
        return (Chunk(columns, 0..<place), Chunk(columns, place..<columns.count))
    }
}

extension Chunk: BinaryCodable {
    private static let formatVersion: UInt8 = 1
    private static let magic: UInt8 = 0xC7

    /// Writes header, state of the coder, bits, and a CRC-32C of all of them.
    public func encode(into writer: inout ByteWriter) {
        var body = ByteWriter(capacity: byteCount + 64)
        body.integer(Chunk.magic)
        body.integer(Chunk.formatVersion)
        body.varint(UInt64(count))
        body.zigzag(firstTimestamp)
        let state = encoder.state
        body.zigzag(state.timestamp &- firstTimestamp)
        body.zigzag(state.delta)
        body.varint(state.timeMean)
        body.integer(state.bits)
        body.zigzag(state.digits)
        body.varint(state.digitsMean)
        body.varint(UInt64(state.places * 2 + (state.isCorrected ? 1 : 0)))
        body.varint(UInt64(state.leading * 128 + state.length))
        body.varint(UInt64(encoder.writer.bitCount))
        var left = byteCount
        for word in encoder.writer.allWords {
            withUnsafeBytes(of: word.bigEndian) { bytes in
                body.raw(UnsafeRawBufferPointer(rebasing: bytes[..<min(8, left)]))
            }
            left -= min(8, left)
        }
        writer.varint(UInt64(body.count))
        writer.integer(CRC32C.checksum(body.bytes))
        writer.raw(body.bytes)
    }

    /// Reads a chunk, and decodes it once so that it can't fail later.
    public init(from reader: inout ByteReader) throws(CodecError) {
        let length = try reader.varint()
        let checksum = try reader.integer(UInt32.self)
        guard length <= UInt64(reader.remaining) else { throw .truncated }
        let bytes = try reader.raw(Int(length))
        guard CRC32C.checksum(bytes) == checksum else { throw .checksumMismatch }
        var body = ByteReader(bytes)
        guard try body.integer(UInt8.self) == Chunk.magic else { throw .malformed("no chunk") }
        let version = try body.integer(UInt8.self)
        guard version == Chunk.formatVersion else { throw .unsupportedVersion(UInt64(version)) }
        try self.init(body: &body)
        guard body.isAtEnd else { throw .trailingBytes(body.remaining) }
    }

    private init(body: inout ByteReader) throws(CodecError) {
        let count = try body.varint()
        guard count <= UInt64(Chunk.sampleLimit) else { throw .malformed("too many samples") }
        let first = try body.zigzag()
        var state = ChunkState()
        state.timestamp = first &+ (try body.zigzag())
        state.delta = try body.zigzag()
        state.timeMean = try body.varint()
        state.bits = try body.integer()
        state.digits = try body.zigzag()
        state.digitsMean = try body.varint()
        let places = try body.varint()
        let window = try body.varint()
        guard places / 2 <= UInt64(ChunkState.placesLimit), window < 65 * 128 else {
            throw .malformed("a chunk's state")
        }
        state.setPlaces(Int(places / 2))
        state.isCorrected = places & 1 == 1
        state.leading = Int(window / 128)
        state.length = Int(window % 128)
        let bitCount = try body.varint()
        guard bitCount <= UInt64(body.remaining) * 8 else { throw .truncated }
        let data = try body.raw(Int((bitCount + 7) / 8))
        var words = [UInt64](repeating: 0, count: (data.count + 7) / 8)
        for (index, byte) in data.enumerated() {
            words[index / 8] |= UInt64(byte) << UInt64(56 - index % 8 * 8)
        }
        self.init(
            count: Int(count), firstTimestamp: first,
            encoder: ChunkEncoder(state: state, words: words, bitCount: Int(bitCount)))
        var previous: Int64?
        var isOrdered = true
        try forEach { timestamp, _ in
            if let before = previous, before >= timestamp { isOrdered = false }
            previous = timestamp
        }
        guard isOrdered else { throw .malformed("times out of order") }
    }
}
