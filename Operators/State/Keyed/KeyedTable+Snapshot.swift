public import Records

extension KeyedTable {
    /// How many entries the next delta would hold, at most.
    public var changeCount: Int { dirty.count + removed.count }

    /// Writes what changed since the last snapshot, or everything, and counts it as saved.
    ///
    /// - Parameter encode: writes a value; the key is written before it.
    public mutating func snapshot(
        all: Bool, into writer: inout ByteWriter,
        encode: (borrowing Value, inout ByteWriter) -> Void
    ) {
        writer.varint(all ? 0 : UInt64(removed.count))
        if !all { for key in removed { key.encode(into: &writer) } }
        let place = writer.count
        writer.integer(UInt32(0))
        var written: UInt32 = 0
        func write(_ slot: Int) {
            entries[slot].key.encode(into: &writer)
            encode(entries[slot].value, &writer)
            entries[slot].mark &= ~Self.dirtyMark
            written += 1
        }
        if all {
            for slot in 0..<slotsUsed where occupied[slot] { write(slot) }
        } else {
            for slot in dirty.lazy.map(Int.init)
            where occupied[slot] && entries[slot].mark & Self.dirtyMark != 0 { write(slot) }
        }
        writer.patch(written, at: place)
        dirty.removeAll(keepingCapacity: true)
        removed.removeAll(keepingCapacity: true)
    }

    /// Applies what ``snapshot(all:into:encode:)`` wrote on top of what is there.
    public mutating func apply(
        from reader: inout ByteReader,
        decode: (inout ByteReader) throws(CodecError) -> Value
    ) throws(CodecError) {
        for _ in 0..<(try reader.count()) { remove(try Key(from: &reader)) }
        for _ in 0..<(try reader.integer(UInt32.self)) {
            let key = try Key(from: &reader)
            let value = try decode(&reader)
            if let slot = slot(of: key) {
                entries[slot].value = value
            } else {
                _ = insert(key, value: value, hash: key.streamHash)
            }
        }
        // What came from a checkpoint is saved already.
        for slot in dirty where occupied[Int(slot)] { entries[Int(slot)].mark &= ~Self.dirtyMark }
        dirty.removeAll(keepingCapacity: true)
        removed.removeAll(keepingCapacity: true)
    }
}

extension KeyedTable where Value: BinaryCodable {
    /// Writes what changed since the last snapshot, or everything, and counts it as saved.
    public mutating func snapshot(all: Bool, into writer: inout ByteWriter) {
        snapshot(all: all, into: &writer) { $0.encode(into: &$1) }
    }

    /// Applies what ``snapshot(all:into:)`` wrote on top of what is there.
    public mutating func apply(from reader: inout ByteReader) throws(CodecError) {
        try apply(from: &reader) { (reader: inout ByteReader) throws(CodecError) in
            try Value(from: &reader)
        }
    }
}
