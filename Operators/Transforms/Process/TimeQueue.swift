internal import HeapModule
internal import Records

/// Keys by time, earliest first; of one time, in the order of their entry.
///
/// Entries are never searched for: one that no longer holds is recognised by its owner when it comes up.
struct TimeQueue<Key> {
    private struct Entry: Comparable {
        let time: EventTime
        let number: UInt64
        let key: Key

        static func == (a: Entry, b: Entry) -> Bool { a.number == b.number }
        static func < (a: Entry, b: Entry) -> Bool {
            (a.time, a.number) < (b.time, b.number)
        }
    }

    private var heap = Heap<Entry>()
    private var number: UInt64 = 0

    var count: Int { heap.count }

    mutating func add(_ time: EventTime, _ key: Key) {
        number += 1
        heap.insert(Entry(time: time, number: number, key: key))
    }

    /// The earliest entry.
    var first: (time: EventTime, key: Key)? { heap.min.map { ($0.time, $0.key) } }

    mutating func removeFirst() { _ = heap.popMin() }

    mutating func removeAll() { heap = Heap() }
}
