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

    /// When each cell's last early result was published, by slot; a slot beyond its end had none.
    private var publishedAt: [EventTime] = []

    init(start: Int64) { self.start = start }

    /// Takes the cells whose last early result is at least an interval old, in milliseconds, or that had none:
    /// a change that comes after a silence need not wait, and none comes more often than it was asked for.
    ///
    /// It is not part of a snapshot: after a restore a change is published at once.
    mutating func takeDue(now: EventTime, interval: Int64) -> [Int32] {
        if changed.isEmpty { return [] }
        var due: [Int32] = []
        changed.removeAll { slot in
            let slot = Int(slot)
            if slot < publishedAt.count {
                // A clock that was turned back makes everything due.
                let age = now.millisecondsSince(publishedAt[slot])
                if age >= 0, age < interval { return false }
            } else {
                let missing = slot + 1 - publishedAt.count
                publishedAt.append(contentsOf: repeatElement(.min, count: missing))
            }
            publishedAt[slot] = now
            due.append(Int32(truncatingIfNeeded: slot))
            return true
        }
        return due
    }

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
