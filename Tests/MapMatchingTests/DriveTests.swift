import Records
import RoadNetwork
import Testing

@testable import MapMatching

/// When which metre was passed.
@Suite("Moments of a drive")
struct DriveTests {
    /// Three pieces of 100 m at 10 s free flow, driven in 60 s.
    private func drive() -> Drive {
        var drive = Drive()
        for segment in Int32(0)..<3 {
            drive.append(segment, from: 0, to: 100, pace: 0.1, reachesEnd: true)
        }
        drive.anchor(0, at: 0, 1)
        drive.anchor(300, at: 60_000, 2)
        return drive
    }

    @Test("a leg is driven at one share of free flow")
    func share() {
        #expect([100.0, 200, 300].map { drive().passing($0).time } == [20_000, 40_000, 60_000])
    }

    @Test("what is behind a moment that was given out is driven between it and the leg's end")
    func late() {
        let drive = drive()
        #expect(drive.leaving(drive.pieces[1], entered: 39_000, at: 0).time == 49_500)
        #expect(drive.leaving(drive.pieces[2], entered: 49_500, at: 0).time == 60_000)
    }

    @Test("a moment that lies ahead of what is known by little changes nothing")
    func little() {
        let drive = drive()
        #expect(drive.leaving(drive.pieces[1], entered: 21_000, at: 0).time == 40_000)
    }

    @Test("where no moment leaves enough time, as little is taken as is believed of anybody")
    func tooLate() {
        let drive = drive()
        #expect(drive.leaving(drive.pieces[1], entered: 58_000, at: 0).time == 60_500)
        #expect(drive.leaving(drive.pieces[1], entered: 58_000, at: 50).time == 59_250)
    }

    @Test(
        "no passage takes less time than anybody needs", arguments: 0..<8 as Range<UInt64>)
    func speeds(seed: UInt64) throws {
        let graph = try MatchingTown.make()
        var matcher = MapMatcher(graph: graph)
        var random = SeededGenerator(seed: seed)
        for sampling in [10.0, 15, 30, 45, 60] {
            for _ in 0..<20 {
                var corners = [(0.5, 0.0)]
                for index in 0..<12 {
                    let line = Double(random.next() % 5)
                    let last = corners[corners.count - 1]
                    corners.append(index % 2 == 0 ? (line, last.1) : (last.0, line))
                }
                let observations = MatchingTown.drive(
                    corners, sampling: sampling, noise: 20, seed: random.next())
                for passage in matcher.match(observations).traversals where passage.isComplete {
                    let free = graph.freeFlowSpeed(passage.segment)
                    #expect(passage.speed < free / Drive.leastShare * 1.01, "\(passage)")
                }
            }
        }
    }
}
