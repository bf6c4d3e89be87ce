import Dataflow
import Records
import Testing

/// A table behind a reference, so that an expectation can drive it.
private final class Table {
    private(set) var table = MarkerTable()
    var watermark: EventTime { table.watermark }
    func receive(_ marker: WatermarkMarker) -> Bool { table.receive(marker) }
}

@Suite("Marker table")
struct MarkerTableTests {
    private func marker(
        _ task: Int32, _ time: Int64, of tasks: Int32 = 2, life: UInt64 = 1, sequence: UInt64 = 1
    ) -> WatermarkMarker {
        WatermarkMarker(
            upstreamTask: task, incarnation: life, sequence: sequence, upstreamTasks: tasks,
            watermark: EventTime(milliseconds: time))
    }

    @Test("knows nothing before every upstream task has spoken, then the least promise")
    func least() {
        let table = Table()
        #expect(!table.receive(marker(0, 100)))
        #expect(table.watermark == .min)
        #expect(table.receive(marker(1, 50)))
        #expect(table.watermark == EventTime(milliseconds: 50))
        #expect(!table.receive(marker(0, 200, sequence: 2)))
        #expect(table.receive(marker(1, 300, sequence: 2)))
        #expect(table.watermark == EventTime(milliseconds: 200))
    }

    @Test("promises of an earlier life are void, and none is taken back")
    func lives() {
        let table = Table()
        #expect(table.receive(marker(0, 100, of: 1, life: 5)))
        #expect(!table.receive(marker(0, 900, of: 1, life: 4, sequence: 99)))
        #expect(!table.receive(marker(0, 20, of: 1, life: 6)))
        #expect(table.watermark == EventTime(milliseconds: 100))
        #expect(table.receive(marker(0, 120, of: 1, life: 6, sequence: 2)))
    }

    @Test("tasks that come with new partitions start where everybody is")
    func newTasks() {
        let table = Table()
        _ = table.receive(marker(0, 100))
        _ = table.receive(marker(1, 100))
        #expect(!table.receive(marker(0, 200, of: 3, sequence: 2)))
        #expect(table.watermark == EventTime(milliseconds: 100))
        _ = table.receive(marker(1, 200, of: 3, sequence: 2))
        #expect(table.receive(marker(2, 150, of: 3)))
        #expect(table.watermark == EventTime(milliseconds: 150))
    }

    @Test("a marker that names too many tasks is not believed")
    func tooMany() {
        let table = Table()
        #expect(!table.receive(marker(0, 100, of: .max)))
        #expect(table.receive(marker(0, 100, of: 1)))
    }

    @Test(
        "never goes back, under any seeded mixture of lives, and comes back from its bytes",
        arguments: 0..<20)
    func seeded(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let table = Table()
        var promised: [Int32: Int64] = [:]
        var last = EventTime.min
        for _ in 0..<300 {
            let task = Int32(random.next() % 4)
            let time = Int64(random.next() % 1_000)
            let life = random.next() % 3
            let advanced = table.receive(
                marker(task, time, of: 4, life: life, sequence: random.next() % 20))
            promised[task] = max(promised[task] ?? .min, time)
            #expect(table.watermark >= last)
            #expect(advanced == (table.watermark > last))
            last = table.watermark
            // Never past what was promised by the slowest task.
            let least = promised.count < 4 ? Int64.min : promised.values.min() ?? .min
            #expect(table.watermark.milliseconds <= least)
            let restored = try MarkerTable(decoding: table.table.encoded)
            #expect(restored.watermark == table.watermark)
            #expect(restored.encoded == table.table.encoded)
        }
    }

    @Test("a marker of a task that can't be is refused")
    func badMarkers() {
        for bad in [marker(-1, 0), marker(2, 0), marker(0, 0, of: 0), marker(5, 0, of: -1)] {
            #expect(throws: CodecError.self) { _ = try WatermarkMarker(decoding: bad.encoded) }
        }
    }
}
