public import Records

/// The sections of one snapshot, found by operator.
public struct SnapshotReader {
    /// Whether the snapshot holds everything, so that what an operator has now is to be forgotten first.
    public let all: Bool
    /// Whether no other snapshot follows, so that what is derived from the state can be derived now.
    public let isLast: Bool
    private let bytes: ArraySlice<UInt8>
    private let keys: [OperatorID: Int]
    private var ranges: [OperatorID: Range<Int>] = [:]

    /// Finds the sections in what a ``SnapshotWriter`` wrote.
    ///
    /// - Parameters:
    ///   - all: whether it is the first of its chain.
    ///   - isLast: whether it is the last.
    ///   - keys: how many keys operators will have once the whole chain is restored.
    public init(
        all: Bool, isLast: Bool = true, keys: [OperatorID: Int] = [:], bytes: ArraySlice<UInt8>
    ) throws(CodecError) {
        self.all = all
        self.isLast = isLast
        self.keys = keys
        self.bytes = bytes
        var found: [OperatorID: Range<Int>] = [:]
        try bytes.withUnsafeBufferPointer { (buffer) throws(CodecError) in
            var reader = ByteReader(UnsafeRawBufferPointer(buffer))
            while !reader.isAtEnd {
                guard let id = OperatorID(try reader.string()) else {
                    throw .malformed("an operator's name")
                }
                let length = Int(try reader.integer(UInt32.self))
                let start = reader.position
                _ = try reader.raw(length)
                guard found.updateValue(start..<start + length, forKey: id) == nil else {
                    throw .malformed("two sections of one operator")
                }
            }
        }
        ranges = found
    }

    /// How many bytes each operator's section has.
    public var sectionBytes: [OperatorID: Int] { ranges.mapValues(\.count) }

    /// For how many keys an operator does well to make room before it restores; 0: unknown.
    public func expectedKeys(_ id: OperatorID) -> Int { keys[id] ?? 0 }

    /// Reads an operator's section, to its end; without one nothing happens.
    public func section(
        _ id: OperatorID, _ body: (inout ByteReader) throws(CodecError) -> Void
    ) throws(CodecError) {
        guard let range = ranges[id] else { return }
        try bytes.withUnsafeBufferPointer { (buffer) throws(CodecError) in
            var reader = ByteReader(
                UnsafeRawBufferPointer(UnsafeBufferPointer(rebasing: buffer[range])))
            try body(&reader)
            guard reader.isAtEnd else { throw .trailingBytes(reader.remaining) }
        }
    }
}
