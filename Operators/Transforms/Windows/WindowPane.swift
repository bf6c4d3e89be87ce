public import Records
public import State

/// What a window knows of a key, and what of it was published.
@usableFromInline
struct WindowCell<A: Accumulator>: BinaryCodable {
    @usableFromInline var accumulator: A
    @usableFromInline var revision: UInt32 = 0
    @usableFromInline var isChanged = false

    @inlinable
    init(_ accumulator: A) { self.accumulator = accumulator }

    @usableFromInline static var codecVersion: UInt32 { A.codecVersion }

    @usableFromInline
    init(from reader: inout ByteReader) throws(CodecError) {
        accumulator = try A(from: &reader)
        revision = try reader.integer()
        isChanged = try Bool(from: &reader)
    }

    @usableFromInline
    func encode(into writer: inout ByteWriter) {
        accumulator.encode(into: &writer)
        writer.integer(revision)
        isChanged.encode(into: &writer)
    }
}

/// The keys of one window.
@usableFromInline
struct WindowPane<Key: StreamKey, A: Accumulator>: ~Copyable {
    let start: Int64
    @usableFromInline var cells = KeyedTable<Key, WindowCell<A>>()
    /// Slots of cells that changed since they were last published, in the order of their first change.
    @usableFromInline var changed: [Int32] = []

    init(start: Int64) { self.start = start }

    /// The slot of a key whose cell is about to change.
    @inlinable
    @inline(__always)
    mutating func slot(_ key: Key) -> Int {
        let slot = cells.touch(key) { WindowCell(A()) }
        if !cells[slot].isChanged {
            cells[slot].isChanged = true
            changed.append(Int32(truncatingIfNeeded: slot))
        }
        return slot
    }

    /// The slots of cells that were restored as changed.
    borrowing func changedSlots() -> [Int32] {
        var slots: [Int32] = []
        for slot in 0..<cells.slotBound where cells.isOccupied(slot) && cells[slot].isChanged {
            slots.append(Int32(truncatingIfNeeded: slot))
        }
        return slots
    }
}
