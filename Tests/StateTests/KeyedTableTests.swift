import Records
import State
import Testing

/// A key whose hash leaves few buckets to choose from, so that chains of collisions form and wrap around.
private struct CrowdedKey: StreamKey {
    var number: Int64
    var streamHash: UInt64 { UInt64(bitPattern: number % 5) &* 0x1_0000_0001 &+ 28 }

    init(_ number: Int64) { self.number = number }

    init(from reader: inout ByteReader) throws(CodecError) { number = try reader.integer() }

    func encode(into writer: inout ByteWriter) { writer.integer(number) }
}

@Suite("Keyed table")
struct KeyedTableTests {
    private func contents<Key>(_ table: borrowing KeyedTable<Key, Int64>) -> [Key: Int64] {
        var contents: [Key: Int64] = [:]
        for slot in 0..<table.slotBound where table.isOccupied(slot) {
            contents[table.key(at: slot)] = table[slot]
        }
        return contents
    }

    /// Drives a table and a dictionary by the same seeded operations, with deltas and bases on the way.
    private func drive<Key: StreamKey>(
        seed: UInt64, keys: UInt64, _ makeKey: (Int64) -> Key
    ) throws {
        var random = SeededGenerator(seed: seed)
        var table = KeyedTable<Key, Int64>(minimumCapacity: 1)
        var model: [Key: Int64] = [:]
        var chain: [[UInt8]] = []
        // The pass under way: where it began in the chain, its next slice, how many there are.
        var pass: (start: Int, next: Int, count: Int)?
        for step in 0..<600 {
            let key = makeKey(Int64(random.next() % keys))
            switch random.next() % 10 {
            case 0..<5:
                let amount = Int64(random.next() % 100)
                table.update(key, initial: { 0 }) { $0 += amount }
                model[key, default: 0] += amount
            case 5..<8:
                #expect(table.remove(key) == (model.removeValue(forKey: key) != nil))
            case 8:
                #expect(table.slot(of: key).map { table[$0] } == model[key])
            default:
                let scope: SnapshotScope
                if chain.isEmpty || random.next() % 16 == 0 {
                    scope = .everything
                } else if random.next() % 3 == 0 {
                    // Also in the midst of a pass: what changes meanwhile may be saved apart.
                    scope = .changes
                } else {
                    pass = pass ?? (chain.count, 0, 1 + Int(random.next() % 6))
                    scope = pass.map { .slice($0.next, of: $0.count) } ?? .changes
                    pass?.next += 1
                }
                var writer = ByteWriter()
                let written = table.snapshot(scope, into: &writer)
                #expect(written.count <= table.count)
                if scope == .everything { (chain, pass) = ([], nil) }
                chain.append(writer.bytes)
                if let ended = pass, ended.next == ended.count {
                    chain.removeFirst(ended.start)
                    pass = nil
                }
                #expect(table.changeCount == 0)
                var restored = KeyedTable<Key, Int64>()
                for bytes in chain {
                    try bytes.withUnsafeBytes {
                        var reader = ByteReader($0)
                        try restored.apply(from: &reader)
                        #expect(reader.isAtEnd)
                    }
                }
                #expect(contents(restored) == model, "seed \(seed), step \(step)")
                #expect(restored.changeCount == 0)
                // Whoever comes next goes on with what was restored, and with the pass.
                if random.next() % 4 == 0 { table = restored }
            }
            #expect(table.count == model.count)
        }
        #expect(contents(table) == model, "seed \(seed)")
    }

    @Test(
        "agrees with a dictionary, and so does what is restored from base and deltas",
        arguments: 0..<8)
    func model(seed: UInt64) throws {
        try drive(seed: seed, keys: 40) { $0 }
        try drive(seed: seed, keys: 2_000) { $0 }
    }

    @Test("agrees with a dictionary where most keys collide", arguments: 0..<8)
    func collisions(seed: UInt64) throws {
        try drive(seed: seed, keys: 60, CrowdedKey.init)
    }

    @Test("room that is made once is room for as many keys, and what was there is still there")
    func reserved() {
        var table = KeyedTable<CrowdedKey, Int64>(minimumCapacity: 1)
        var model: [CrowdedKey: Int64] = [:]
        func add(_ keys: Range<Int64>, to table: inout KeyedTable<CrowdedKey, Int64>) {
            for key in keys {
                _ = table.touch(CrowdedKey(key)) { key }
                model[CrowdedKey(key)] = key
            }
        }
        add(0..<100, to: &table)
        table.remove(CrowdedKey(7))
        model[CrowdedKey(7)] = nil
        table.reserve(1_000)
        let capacity = table.capacity
        #expect(capacity >= 1_000)
        add(100..<1_000, to: &table)
        #expect(table.capacity == capacity)
        #expect(contents(table) == model)
        table.reserve(10)
        #expect(table.capacity == capacity && contents(table) == model)
    }

    @Test("a damaged number of keys makes no more room than the bytes could fill")
    func damagedCount() throws {
        var writer = ByteWriter()
        writer.varint(0)
        writer.integer(UInt32.max)
        for _ in 0..<100 { writer.integer(UInt8(0)) }
        var table = KeyedTable<Int64, Int64>()
        writer.bytes.withUnsafeBytes {
            var reader = ByteReader($0)
            #expect(throws: CodecError.self) { try table.apply(from: &reader) }
        }
        #expect(table.capacity <= 200)
    }

    @Test("holds references for as long as their keys, and no longer")
    func lifetimes() {
        final class Witness {}
        weak var kept: Witness?
        weak var gone: Witness?
        do {
            var table = KeyedTable<Int64, Witness>()
            for key in 0..<100 as Range<Int64> { _ = table.touch(key) { Witness() } }
            kept = table.slot(of: 3).map { table[$0] }
            gone = table.slot(of: 4).map { table[$0] }
            table.remove(4)
            #expect(kept != nil)
            #expect(gone == nil)
            table.removeAll()
            #expect(table.count == 0 && table.slot(of: 3) == nil)
            _ = table.touch(3) { Witness() }
        }
        #expect(kept == nil)
    }

    @Test("a key that was removed and came back is in the delta as it is now")
    func removedAndBack() throws {
        var table = KeyedTable<Int64, Int64>()
        _ = table.touch(1) { 10 }
        var base = ByteWriter()
        table.snapshot(.everything, into: &base)
        table.remove(1)
        _ = table.touch(1) { 20 }
        var delta = ByteWriter()
        table.snapshot(.changes, into: &delta)
        var restored = KeyedTable<Int64, Int64>()
        for bytes in [base.bytes, delta.bytes] {
            try bytes.withUnsafeBytes {
                var reader = ByteReader($0)
                try restored.apply(from: &reader)
            }
        }
        #expect(contents(restored) == [1: 20])
    }

    @Test("the names of removed keys are not counted among the bytes of what was written")
    func writtenBytes() {
        var table = KeyedTable<Int64, Int64>()
        for key in 0..<1_000 as Range<Int64> { _ = table.touch(key) { key } }
        var base = ByteWriter()
        let all = table.snapshot(.everything, into: &base)
        #expect(all.count == 1_000 && all.bytes == base.count - 5)
        for key in 0..<999 as Range<Int64> { table.remove(key) }
        table.update(999, initial: { 0 }) { $0 += 1 }
        var delta = ByteWriter()
        let one = table.snapshot(.changes, into: &delta)
        #expect(one == WrittenKeys(count: 1, bytes: all.bytes / 1_000))
        #expect(delta.count > 999 * 8)
    }

    @Test("a truncated snapshot is an error, never a crash")
    func truncated() throws {
        var table = KeyedTable<String, Int64>()
        for number in 0..<20 { _ = table.touch("key \(number)") { Int64(number) } }
        var writer = ByteWriter()
        table.snapshot(.everything, into: &writer)
        for length in 0..<writer.count {
            let bytes = Array(writer.bytes[..<length])
            #expect(throws: CodecError.self, "\(length) bytes") {
                try bytes.withUnsafeBytes {
                    var reader = ByteReader($0)
                    var restored = KeyedTable<String, Int64>()
                    try restored.apply(from: &reader)
                }
            }
        }
    }
}
