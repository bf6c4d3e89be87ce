/// A hash table that knows what changed since the last checkpoint: the keyed state of one operator in
/// one task.
///
/// Open addressing with linear probing over an array of (hash, slot) pairs; entries lie side by side in
/// slots that keep their place until they are removed, so that visiting them has an order that depends
/// on what was done to the table alone, never on a process's hash seed.
public struct KeyedTable<Key: StreamKey, Value>: ~Copyable {
    @usableFromInline struct Entry {
        @usableFromInline var key: Key
        @usableFromInline var value: Value
        /// Last, where it finds room behind a value that doesn't end on a word.
        @usableFromInline var mark: UInt8

        @inlinable
        init(mark: UInt8, key: Key, value: Value) {
            self.mark = mark
            self.key = key
            self.value = value
        }
    }

    /// In the high half the hash's high half, in the low half slot + 1; 0 for a free bucket.
    @usableFromInline var buckets: UnsafeMutablePointer<UInt64>
    @usableFromInline var bucketMask: Int
    @usableFromInline var entries: UnsafeMutablePointer<Entry>
    /// Whether each slot has an entry; apart from the entries, as a free slot has none.
    @usableFromInline var occupied: UnsafeMutablePointer<Bool>
    @usableFromInline var entryCapacity: Int
    @usableFromInline var slotsUsed = 0
    @usableFromInline var freeSlots: [Int32] = []
    @usableFromInline var dirty: [Int32] = []
    @usableFromInline var removed: [Key] = []
    /// How many keys there are.
    public internal(set) var count = 0

    @usableFromInline static var dirtyMark: UInt8 { 1 }

    /// Makes an empty table with room for about `minimumCapacity` keys.
    public init(minimumCapacity: Int = 16) {
        var bucketCount = 32
        while bucketCount * 5 < minimumCapacity * 8 { bucketCount *= 2 }
        buckets = .allocate(capacity: bucketCount)
        buckets.initialize(repeating: 0, count: bucketCount)
        bucketMask = bucketCount - 1
        entryCapacity = Swift.max(16, minimumCapacity)
        entries = .allocate(capacity: entryCapacity)
        occupied = .allocate(capacity: entryCapacity)
        occupied.initialize(repeating: false, count: entryCapacity)
    }

    deinit {
        for slot in 0..<slotsUsed where occupied[slot] {
            (entries + slot).deinitialize(count: 1)
        }
        entries.deallocate()
        occupied.deallocate()
        buckets.deallocate()
    }

    /// The slot of a key; nil when it is absent.
    @inlinable
    public func slot(of key: Key) -> Int? {
        let hash = key.streamHash
        let tag = hash & 0xffff_ffff_0000_0000
        var bucket = Int(truncatingIfNeeded: hash) & bucketMask
        while true {
            let content = buckets[bucket]
            if content == 0 { return nil }
            if content & 0xffff_ffff_0000_0000 == tag {
                let slot = Int(content & 0xffff_ffff) &- 1
                if entries[slot].key == key { return slot }
            }
            bucket = (bucket &+ 1) & bucketMask
        }
    }

    /// The slot of a key, which is added with `initial()` when it is absent; the entry counts as changed.
    @inlinable
    @inline(__always)
    public mutating func touch(_ key: Key, initial: () -> Value) -> Int {
        let hash = key.streamHash
        let tag = hash & 0xffff_ffff_0000_0000
        var bucket = Int(truncatingIfNeeded: hash) & bucketMask
        while true {
            let content = buckets[bucket]
            if content == 0 { break }
            if content & 0xffff_ffff_0000_0000 == tag {
                let slot = Int(content & 0xffff_ffff) &- 1
                if entries[slot].key == key {
                    if entries[slot].mark & Self.dirtyMark == 0 {
                        entries[slot].mark |= Self.dirtyMark
                        dirty.append(Int32(truncatingIfNeeded: slot))
                    }
                    return slot
                }
            }
            bucket = (bucket &+ 1) & bucketMask
        }
        return insert(key, value: initial(), hash: hash)
    }

    /// Changes the value of a key, which is added with `initial()` when it is absent.
    @inlinable
    public mutating func update<Result>(
        _ key: Key, initial: () -> Value, _ body: (inout Value) -> Result
    ) -> Result {
        let slot = touch(key, initial: initial)
        return body(&entries[slot].value)
    }

    /// The key in an occupied slot.
    @inlinable
    public func key(at slot: Int) -> Key { entries[slot].key }

    /// The value in an occupied slot; whoever changes it marks it by ``touch(_:initial:)`` or
    /// ``markChanged(_:)``.
    @inlinable
    public subscript(slot: Int) -> Value {
        _read { yield entries[slot].value }
        nonmutating _modify { yield &entries[slot].value }
    }

    /// Whether a slot holds an entry.
    @inlinable
    public func isOccupied(_ slot: Int) -> Bool { slot < slotsUsed && occupied[slot] }

    /// One more than the highest slot that ever held an entry: the bound for visiting all slots.
    @inlinable
    public var slotBound: Int { slotsUsed }

    /// Notes that the entry in an occupied slot differs from the last checkpoint.
    @inlinable
    public mutating func markChanged(_ slot: Int) {
        if entries[slot].mark & Self.dirtyMark == 0 {
            entries[slot].mark |= Self.dirtyMark
            dirty.append(Int32(truncatingIfNeeded: slot))
        }
    }
}
