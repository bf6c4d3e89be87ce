extension KeyedTable {
    /// Adds a key that is absent; the entry counts as changed.
    @usableFromInline
    mutating func insert(_ key: Key, value: Value, hash: UInt64) -> Int {
        if (count &+ 1) &* 8 > (bucketMask &+ 1) &* 5 { grow() }
        let slot: Int
        if let free = freeSlots.popLast() {
            slot = Int(free)
        } else {
            if slotsUsed == entryCapacity { growEntries() }
            slot = slotsUsed
            slotsUsed += 1
        }
        (entries + slot).initialize(to: Entry(mark: Self.dirtyMark, key: key, value: value))
        occupied[slot] = true
        dirty.append(Int32(truncatingIfNeeded: slot))
        count += 1
        place(slot, hash: hash)
        return slot
    }

    /// Removes a key; the removal is part of the next delta.
    ///
    /// - Returns: whether the key was there.
    @discardableResult
    public mutating func remove(_ key: Key) -> Bool {
        guard let slot = slot(of: key) else { return false }
        removed.append(key)
        unplace(slot, hash: key.streamHash)
        (entries + slot).deinitialize(count: 1)
        occupied[slot] = false
        freeSlots.append(Int32(truncatingIfNeeded: slot))
        count -= 1
        return true
    }

    /// Removes everything and keeps the memory; nothing of it is noted for a delta.
    public mutating func removeAll() {
        for slot in 0..<slotsUsed where occupied[slot] {
            (entries + slot).deinitialize(count: 1)
            occupied[slot] = false
        }
        buckets.update(repeating: 0, count: bucketMask + 1)
        slotsUsed = 0
        count = 0
        freeSlots.removeAll(keepingCapacity: true)
        dirty.removeAll(keepingCapacity: true)
        removed.removeAll(keepingCapacity: true)
    }

    private mutating func place(_ slot: Int, hash: UInt64) {
        var bucket = Int(truncatingIfNeeded: hash) & bucketMask
        while buckets[bucket] != 0 { bucket = (bucket &+ 1) & bucketMask }
        buckets[bucket] = (hash & 0xffff_ffff_0000_0000) | UInt64(slot &+ 1)
    }

    /// Frees the slot's bucket and closes the gap: Knuth's algorithm R (TAOCP, volume 3, section 6.4).
    private mutating func unplace(_ slot: Int, hash: UInt64) {
        var bucket = Int(truncatingIfNeeded: hash) & bucketMask
        while buckets[bucket] & 0xffff_ffff != UInt64(slot &+ 1) {
            bucket = (bucket &+ 1) & bucketMask
        }
        var gap = bucket
        var next = (gap &+ 1) & bucketMask
        while buckets[next] != 0 {
            let occupant = Int(buckets[next] & 0xffff_ffff) &- 1
            let home = Int(truncatingIfNeeded: entries[occupant].key.streamHash) & bucketMask
            let distance = (next &- home) & bucketMask
            if distance >= (next &- gap) & bucketMask {
                buckets[gap] = buckets[next]
                gap = next
            }
            next = (next &+ 1) & bucketMask
        }
        buckets[gap] = 0
    }

    /// How many keys there is room for in memory that is there already.
    public var capacity: Int { Swift.min(entryCapacity, (bucketMask + 1) * 5 / 8) }

    /// The most keys for which room is made before they come.
    static var maximumReservation: Int { 1 << 26 }

    /// Makes room for `keys` keys in all at once, and a few more: what grows to a size by doubling is copied, and
    /// its memory cleared, twice.
    public mutating func reserve(_ keys: Int) {
        let keys = Swift.min(keys, Self.maximumReservation)
        var bucketCount = bucketMask + 1
        while bucketCount * 5 < keys * 8 { bucketCount *= 2 }
        if bucketCount > bucketMask + 1 { rehash(bucketCount) }
        if keys > entryCapacity { moveEntries(toCapacity: keys + keys / 8) }
    }

    private mutating func grow() { rehash((bucketMask + 1) * 2) }

    private mutating func growEntries() { moveEntries(toCapacity: entryCapacity * 2) }

    private mutating func rehash(_ bucketCount: Int) {
        buckets.deallocate()
        buckets = .allocate(capacity: bucketCount)
        buckets.initialize(repeating: 0, count: bucketCount)
        bucketMask = bucketCount - 1
        for slot in 0..<slotsUsed where occupied[slot] {
            place(slot, hash: entries[slot].key.streamHash)
        }
    }

    private mutating func moveEntries(toCapacity capacity: Int) {
        let grown = UnsafeMutablePointer<Entry>.allocate(capacity: capacity)
        let marks = UnsafeMutablePointer<Bool>.allocate(capacity: capacity)
        marks.initialize(repeating: false, count: capacity)
        for slot in 0..<slotsUsed where occupied[slot] {
            (grown + slot).moveInitialize(from: entries + slot, count: 1)
            marks[slot] = true
        }
        entries.deallocate()
        occupied.deallocate()
        entries = grown
        occupied = marks
        entryCapacity = capacity
    }
}
