public import Records

extension KeyedTable {
    /// How many entries the next delta would hold, at most.
    public var changeCount: Int { dirty.count + removed.count }

    /// Writes what a snapshot of some scope is to hold, and counts it as saved.
    ///
    /// A slice holds the keys of a range of hashes, whatever the table looks like: so each entry is in one of the
    /// slices of a pass, or in the changes beside one, also when the table was restored on the way.
    ///
    /// - Parameter encode: writes a value; the key is written before it.
    /// - Returns: how many keys were written, in how many bytes.
    @discardableResult
    public mutating func snapshot(
        _ scope: SnapshotScope, into writer: inout ByteWriter,
        encode: (borrowing Value, inout ByteWriter) -> Void
    ) -> WrittenKeys {
        let all = scope == .everything
        writer.varint(all ? 0 : UInt64(removed.count))
        if !all { for key in removed { key.encode(into: &writer) } }
        let place = writer.count
        writer.integer(UInt32(0))
        let start = writer.count
        var written: UInt32 = 0
        func write(_ slot: Int) {
            entries[slot].key.encode(into: &writer)
            encode(entries[slot].value, &writer)
            entries[slot].mark &= ~Self.dirtyMark
            written += 1
        }
        switch scope {
        case .everything: for slot in 0..<slotsUsed where occupied[slot] { write(slot) }
        case .changes: break
        case .slice(let number, let count):
            let parts = UInt64(Swift.max(1, count))
            for bucket in 0...bucketMask where buckets[bucket] != 0 {
                // The high half of the hash stands in the bucket: entries of other slices are not touched.
                if Int(((buckets[bucket] >> 32) &* parts) >> 32) == number {
                    write(Int(buckets[bucket] & 0xffff_ffff) &- 1)
                }
            }
        }
        for slot in dirty.lazy.map(Int.init)
        where occupied[slot] && entries[slot].mark & Self.dirtyMark != 0 { write(slot) }
        writer.patch(written, at: place)
        dirty.removeAll(keepingCapacity: true)
        removed.removeAll(keepingCapacity: true)
        return WrittenKeys(count: Int(written), bytes: writer.count - start)
    }

    /// Whether a snapshot of a scope would hold anything.
    public func hasContent(for scope: SnapshotScope) -> Bool {
        scope == .changes ? changeCount > 0 : count > 0 || changeCount > 0
    }

    /// Applies what ``snapshot(_:into:encode:)`` wrote on top of what is there.
    public mutating func apply(
        from reader: inout ByteReader,
        decode: (inout ByteReader) throws(CodecError) -> Value
    ) throws(CodecError) {
        for _ in 0..<(try reader.count()) { remove(try Key(from: &reader)) }
        let written = Int(try reader.integer(UInt32.self))
        // An entry takes a byte at least, so that a damaged number makes no room that the bytes couldn't fill.
        if count == 0 { reserve(Swift.min(written, reader.remaining)) }
        for _ in 0..<written {
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
    /// Writes what a snapshot of some scope is to hold, and counts it as saved.
    ///
    /// - Returns: how many keys were written, in how many bytes.
    @discardableResult
    public mutating func snapshot(
        _ scope: SnapshotScope, into writer: inout ByteWriter
    ) -> WrittenKeys {
        snapshot(scope, into: &writer) { $0.encode(into: &$1) }
    }

    /// Applies what ``snapshot(_:into:)`` wrote on top of what is there.
    public mutating func apply(from reader: inout ByteReader) throws(CodecError) {
        try apply(from: &reader) { (reader: inout ByteReader) throws(CodecError) in
            try Value(from: &reader)
        }
    }
}
