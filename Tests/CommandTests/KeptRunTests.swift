import Foundation
import Records
import Testing

@testable import Command

/// `make run KEEP=1`: what the next run takes over from the last.
@Suite("Kept runs")
struct KeptRunTests {
    private let start = EventTime(milliseconds: 1_479_827_400_000)

    private func next(
        _ kept: KeptRun?, after milliseconds: Int64 = 0, map: String = "", partitions: Int32 = 8,
        isShared: Bool = false
    ) throws -> KeptRun {
        try KeptRun.next(
            after: kept, at: start.advanced(byMilliseconds: 1_234 + milliseconds), start: start,
            map: map, partitions: partitions, isShared: isShared)
    }

    @Test("without anything kept a run begins with the first record, or behind what others wrote")
    func fresh() throws {
        let run = try next(nil)
        #expect(run.clock == start.milliseconds)
        #expect(!run.startsAtEnd)
        #expect(try next(nil, isShared: true).startsAtEnd)
    }

    @Test("an interrupted run is continued, and its clock does not go back")
    func interrupted() throws {
        var kept = try next(nil)
        kept.clock += 90_001
        let run = try next(kept)
        #expect(run.run == kept.run)
        #expect(run.startsAtEnd == kept.startsAtEnd)
        #expect(run.clock == start.milliseconds + 120_000)
        kept.clock = start.milliseconds - 86_400_000
        #expect(try next(kept).clock == start.milliseconds)
    }

    @Test("behind a run that ended begins another, at the ends of the topics and no earlier")
    func ended() throws {
        var kept = try next(nil)
        kept.clock += 600_000
        kept.ended = true
        let run = try next(kept, map: "other.osm.pbf")
        #expect(run.run != kept.run)
        #expect(run.startsAtEnd)
        #expect(!run.ended)
        #expect(run.clock == start.milliseconds + 600_000)
        kept.clock = 0
        #expect(try next(kept).run != kept.run, "two runs of one moment are two runs")
    }

    @Test("a run that is started anew in the same minute is not taken for the one before")
    func sameMinute() throws {
        #expect(try next(nil).run != next(nil, after: 1).run)
        #expect(try next(nil).clock == next(nil, after: 1).clock)
    }

    @Test("what can't go on says why")
    func refused() throws {
        let kept = try next(nil)
        #expect(throws: DataflowError.self) { try next(kept, map: "other.osm.pbf") }
        #expect(throws: DataflowError.self) { try next(kept, partitions: 4) }
    }

    @Test("the file comes back as it was written; another is refused")
    func file() throws {
        let path = NSTemporaryDirectory() + "demo-\(UUID().uuidString).json"
        defer { try? FileManager.default.removeItem(atPath: path) }
        #expect(try KeptRun.load(path) == nil)
        let kept = try next(nil)
        try kept.save(path)
        #expect(try KeptRun.load(path) == kept)
        try Data("{}".utf8).write(to: URL(fileURLWithPath: path))
        #expect(throws: DataflowError.self) { try KeptRun.load(path) }
    }

    @Test("vehicles of one run are not those of another")
    func users() {
        let one = FleetUsers.run(at: start)
        let other = FleetUsers.run(at: start.advanced(byMilliseconds: 1))
        #expect(one.vehicle(ofUserID: one.userID(ofVehicle: 42)) == 42)
        #expect(other.vehicle(ofUserID: one.userID(ofVehicle: 42)) == nil)
        #expect(one.vehicle(ofUserID: FleetUsers().userID(ofVehicle: 42)) == nil)
    }
}
