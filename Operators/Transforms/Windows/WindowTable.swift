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
final class WindowPane<Key: StreamKey, A: Accumulator> {
    @usableFromInline let start: Int64
    @usableFromInline var cells = KeyedTable<Key, WindowCell<A>>()
    /// Slots of cells that changed since they were last published, in the order of their first change.
    @usableFromInline var changed: [Int32] = []

    init(start: Int64) { self.start = start }

    /// The slot of a key whose cell is about to change.
    @inlinable
    func slot(_ key: Key) -> Int {
        let slot = cells.touch(key) { WindowCell(A()) }
        if !cells[slot].isChanged {
            cells[slot].isChanged = true
            changed.append(Int32(truncatingIfNeeded: slot))
        }
        return slot
    }
}

/// The open windows of one operator in one task.
@usableFromInline
struct WindowTable<Key: StreamKey, A: Accumulator>: ~Copyable {
    @usableFromInline let spec: WindowSpec
    /// Earliest first.
    @usableFromInline private(set) var panes: [WindowPane<Key, A>] = []
    /// The pane of the last record: most records fall where their predecessor did.
    @usableFromInline var recent: WindowPane<Key, A>?
    /// Windows that were dropped since the last snapshot.
    private var dropped: [Int64] = []

    init(spec: WindowSpec) { self.spec = spec }

    @inlinable
    mutating func pane(startingAt start: Int64) -> WindowPane<Key, A> {
        if let recent, recent.start == start { return recent }
        return findPane(start)
    }

    @usableFromInline
    mutating func findPane(_ start: Int64) -> WindowPane<Key, A> {
        var index = panes.count
        while index > 0, panes[index - 1].start > start { index -= 1 }
        if index > 0, panes[index - 1].start == start {
            recent = panes[index - 1]
            return panes[index - 1]
        }
        let pane = WindowPane<Key, A>(start: start)
        panes.insert(pane, at: index)
        recent = pane
        return pane
    }

    /// Forgets the windows that can no longer be revised.
    mutating func drop(before watermark: EventTime) {
        while let first = panes.first, spec.finalTime(startingAt: first.start) <= watermark {
            dropped.append(first.start)
            if recent === first { recent = nil }
            panes.removeFirst()
        }
    }

    mutating func snapshot(all: Bool, into writer: inout ByteWriter) {
        writer.varint(all ? 0 : UInt64(dropped.count))
        if !all { for start in dropped { writer.integer(start) } }
        dropped.removeAll(keepingCapacity: true)
        let saved = panes.filter { all || $0.cells.changeCount > 0 }
        writer.varint(UInt64(saved.count))
        for pane in saved {
            writer.integer(pane.start)
            pane.cells.snapshot(all: all, into: &writer)
        }
    }

    mutating func restore(all: Bool, from reader: inout ByteReader) throws(CodecError) {
        if all { panes.removeAll() }
        recent = nil
        for _ in 0..<(try reader.count(minimumSize: 8)) {
            let start: Int64 = try reader.integer()
            panes.removeAll { $0.start == start }
        }
        for _ in 0..<(try reader.count(minimumSize: 8)) {
            let pane = findPane(try reader.integer())
            try pane.cells.apply(from: &reader)
            pane.changed = (0..<pane.cells.slotBound).lazy
                .filter { pane.cells.isOccupied($0) && pane.cells[$0].isChanged }
                .map { Int32(truncatingIfNeeded: $0) }
        }
    }
}
