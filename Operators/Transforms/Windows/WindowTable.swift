public import Records
public import State

/// The open windows of one operator in one task, earliest first.
///
/// Panes stay at their place in memory and are reached by pointers: what a class would cost in counted
/// references and exclusivity checks is as much as the rest of a record's work.
@usableFromInline
struct WindowTable<Key: StreamKey, A: Accumulator>: ~Copyable {
    @usableFromInline typealias Pane = UnsafeMutablePointer<WindowPane<Key, A>>

    @usableFromInline let spec: WindowSpec
    @usableFromInline private(set) var panes: [Pane] = []
    /// The pane of the last record, whose neighbours in time mostly fall there too.
    @usableFromInline var recent: Pane?
    @usableFromInline var recentStart = Int64.max
    /// Windows that were dropped since the last snapshot.
    private var dropped: [Int64] = []

    init(spec: WindowSpec) { self.spec = spec }

    @inlinable
    deinit { WindowTable.free(panes[...]) }

    @usableFromInline
    static func free(_ panes: ArraySlice<Pane>) {
        for pane in panes {
            pane.deinitialize(count: 1)
            pane.deallocate()
        }
    }

    /// The pane that a time falls into, made when it is first asked for; nil when the window is final.
    @inlinable
    @inline(__always)
    mutating func pane(at time: EventTime, watermark: EventTime) -> Pane? {
        // Most records fall where their predecessor did: a comparison instead of a division.
        if let recent, time.milliseconds &- recentStart < spec.sizeMilliseconds,
            time.milliseconds >= recentStart
        {
            return recent
        }
        let start = spec.start(of: time)
        return spec.finalTime(startingAt: start) <= watermark ? nil : findPane(start)
    }

    /// The pane of the window that begins at `start`, made when it is first asked for.
    @usableFromInline
    mutating func findPane(_ start: Int64) -> Pane {
        if let recent, recentStart == start { return recent }
        var index = panes.count
        while index > 0, panes[index - 1].pointee.start > start { index -= 1 }
        let pane: Pane
        if index > 0, panes[index - 1].pointee.start == start {
            pane = panes[index - 1]
        } else {
            pane = .allocate(capacity: 1)
            pane.initialize(to: WindowPane(start: start))
            panes.insert(pane, at: index)
        }
        (recent, recentStart) = (pane, start)
        return pane
    }

    /// Forgets the windows that can no longer be revised.
    mutating func drop(before watermark: EventTime) {
        var count = 0
        while count < panes.count,
            spec.finalTime(startingAt: panes[count].pointee.start) <= watermark
        {
            dropped.append(panes[count].pointee.start)
            count += 1
        }
        if count == 0 { return }
        WindowTable.free(panes[..<count])
        panes.removeFirst(count)
        (recent, recentStart) = (nil, .max)
    }

    /// Forgets every window, as one whose sums were sent on.
    mutating func removeAll() {
        WindowTable.free(panes[...])
        panes.removeAll(keepingCapacity: true)
        (recent, recentStart) = (nil, .max)
    }

    /// How many keys all windows hold together.
    var keyCount: Int { panes.reduce(0) { $0 + $1.pointee.cells.count } }

    /// - Returns: how many keys were written, in how many bytes.
    mutating func snapshot(_ scope: SnapshotScope, into writer: inout ByteWriter) -> WrittenKeys {
        let all = scope == .everything
        writer.varint(all ? 0 : UInt64(dropped.count))
        if !all { for start in dropped { writer.integer(start) } }
        dropped.removeAll(keepingCapacity: true)
        let saved = panes.filter { $0.pointee.cells.hasContent(for: scope) }
        writer.varint(UInt64(saved.count))
        var written = WrittenKeys()
        for pane in saved {
            writer.integer(pane.pointee.start)
            written += pane.pointee.cells.snapshot(scope, into: &writer)
        }
        return written
    }

    mutating func restore(all: Bool, from reader: inout ByteReader) throws(CodecError) {
        if all { removeAll() }
        for _ in 0..<(try reader.count(minimumSize: 8)) {
            let start: Int64 = try reader.integer()
            guard let index = panes.firstIndex(where: { $0.pointee.start == start }) else {
                continue
            }
            WindowTable.free(panes[index...index])
            panes.remove(at: index)
            (recent, recentStart) = (nil, .max)
        }
        for _ in 0..<(try reader.count(minimumSize: 8)) {
            let pane = findPane(try reader.integer())
            try pane.pointee.cells.apply(from: &reader)
        }
    }

    /// Finds what is to be published yet, once all of a chain is restored.
    mutating func findChanged() {
        for pane in panes { pane.pointee.changed = pane.pointee.changedSlots() }
    }
}
