import Dataflow
import Foundation
import OperatorTesting
import Records
import RoadNetwork
import State
import Testing
import Transforms

@testable import TrafficUpdates

@Suite("The clocks of the week")
struct WeekClockTests {
    private static func time(_ text: String) throws -> EventTime {
        let date = try Date(text, strategy: .iso8601)
        return EventTime(milliseconds: Int64(date.timeIntervalSince1970 * 1_000))
    }

    /// The bin of an hour and minute; day 0 is Monday.
    private static func bin(_ day: Int, _ hour: Int, _ minute: Int = 0) -> WeekBin {
        WeekBin(rawValue: UInt16(day * 288 + hour * 12 + minute / 5))
    }

    @Test("eight o'clock stays eight o'clock when the clocks change, before 1970 too")
    func peak() throws {
        let berlin = try #require(WeekClock(timeZone: "Europe/Berlin"))
        let eights = [
            // The Mondays before and behind either change, and some of other times.
            ("2025-03-24T07:00:00Z", 0), ("2025-03-31T06:00:00Z", 0), ("2025-10-20T06:00:00Z", 0),
            ("2025-10-27T07:00:00Z", 0), ("1970-01-01T07:00:00Z", 3), ("1969-12-31T07:00:00Z", 2),
            ("1945-06-04T05:00:00Z", 0), ("1930-07-07T07:00:00Z", 0), ("2099-07-06T06:00:00Z", 0),
            ("2150-01-05T07:00:00Z", 0), ("2150-07-06T06:00:00Z", 0),
        ]
        for (text, day) in eights {
            let time = try Self.time(text)
            #expect(berlin.bin(of: time) == Self.bin(day, 8), "\(text)")
            #expect(berlin.bin(of: time.advanced(byMilliseconds: -1)) == Self.bin(day, 7, 55))
            let occurrence = berlin.occurrence(of: time)
            #expect(berlin.end(of: occurrence) == time.advanced(byMilliseconds: 300_000), "\(text)")
        }
        #expect(WeekClock().bin(of: try Self.time("2025-03-31T06:00:00Z")) == Self.bin(0, 6))
    }

    @Test("of the day of 23 hours an hour of bins is missing, of that of 25 one lasts twice")
    func changes() throws {
        let berlin = try #require(WeekClock(timeZone: "Europe/Berlin"))
        func seconds(_ from: String, hours: Int) throws -> [WeekBin: Int] {
            let start = try Self.time(from)
            return (0..<(hours * 60)).reduce(into: [:]) { counts, minute in
                let time = start.advanced(byMilliseconds: Int64(minute) * 60_000)
                counts[berlin.bin(of: time), default: 0] += 60
            }
        }
        // 2025-03-30, a Sunday: 01:59:59 is followed by 03:00:00.
        let spring = try seconds("2025-03-29T23:00:00Z", hours: 23)
        #expect(spring.count == 276 && spring.values.allSatisfy { $0 == 300 })
        #expect(spring.keys.allSatisfy { $0 < Self.bin(6, 2) || $0 >= Self.bin(6, 3) })
        // 2025-10-26: 02:59:59 is followed by 02:00:00.
        let autumn = try seconds("2025-10-25T22:00:00Z", hours: 25)
        #expect(autumn.count == 288)
        for (bin, length) in autumn {
            let isTwice = bin >= Self.bin(6, 2) && bin < Self.bin(6, 3)
            #expect(length == (isTwice ? 600 : 300), "\(bin)")
        }
        // What comes twice is one, and over with the second.
        let first = try Self.time("2025-10-26T00:00:00Z")
        let second = first.advanced(byMilliseconds: 3_600_000)
        #expect(berlin.occurrence(of: first) == berlin.occurrence(of: second))
        #expect(
            berlin.end(of: berlin.occurrence(of: first))
                == second.advanced(byMilliseconds: 300_000))
        // Its neighbours once.
        let before = try Self.time("2025-10-25T23:55:00Z")
        #expect(berlin.end(of: berlin.occurrence(of: before)) == first)
        let skipped = try Self.time("2025-03-30T00:55:00Z")
        #expect(
            berlin.end(of: berlin.occurrence(of: skipped))
                == skipped.advanced(byMilliseconds: 300_000))
    }

    @Test(
        "five minutes end behind each of their moments, and weeks on a bin comes 2,016 later",
        arguments: ["Europe/Berlin", "Australia/Lord_Howe", "Pacific/Apia", "Africa/Casablanca"])
    func ends(timeZone: String) throws {
        let week = try #require(WeekClock(timeZone: timeZone))
        let zone = try #require(TimeZone(identifier: timeZone))
        var random = SeededGenerator(seed: 5)
        for _ in 0..<4_000 {
            // 1900 to 2160: within the table and beyond.
            let time = EventTime(
                milliseconds: -2_208_988_800_000
                    + Int64(random.next() % 8_204_889_600_000))
            let occurrence = week.occurrence(of: time)
            #expect(week.bin(of: time) == WeekBin(occurrence: occurrence))
            let seconds = Int64((Double(time.milliseconds) / 1_000).rounded(.down))
            let local =
                seconds
                + Int64(zone.secondsFromGMT(for: Date(timeIntervalSince1970: Double(seconds))))
            #expect(occurrence == Int64((Double(local) / 300).rounded(.down)), "\(time)")
            let end = week.end(of: occurrence)
            #expect(end > time && week.occurrence(of: end) != occurrence, "\(time)")
        }
    }

    @Test("no time is too far, and no name is taken that isn't one")
    func bounds() throws {
        let berlin = try #require(WeekClock(timeZone: "Europe/Berlin"))
        for milliseconds in [Int64.min, Int64.min + 1, Int64.max - 1, Int64.max] {
            let time = EventTime(milliseconds: milliseconds)
            #expect(berlin.bin(of: time).rawValue < 2_016)
            let occurrence = berlin.occurrence(of: time)
            #expect(occurrence.magnitude <= UInt64(WeekBin.farthest))
            _ = berlin.end(of: occurrence)
        }
        for name in ["", "Berlin", "Europe/Berlin'", "UTC+1", "../etc"] {
            #expect(WeekClock(timeZone: name) == nil, "\(name)")
        }
        #expect(WeekClock(timeZone: "UTC")?.timeZone == "UTC")
        let map = try TrafficPipelineTests.town()
        let builder = GraphBuilder(pipeline: TrafficUpdates.name)
        var parameters = TrafficUpdates.defaults
        parameters.timeZone = "Mars/Olympus"
        TrafficUpdates(loadMap: { _ in map }).build(builder, parameters)
        let error = #expect(throws: (any Error).self) { try builder.graph() }
        #expect("\(String(describing: error))".contains("timeZone"))
    }

    @Test(
        "a visitor is one every Monday at eight, in summer too, and trips of other clocks are others"
    )
    func visitors() throws {
        let berlin = try #require(WeekClock(timeZone: "Europe/Berlin"))
        let pseudonyms = Pseudonyms(week: berlin)
        let segment = SegmentID(rawValue: 7)
        func visitor(_ text: String) throws -> UInt64 {
            pseudonyms.visitor("anna", segment, try Self.time(text))
        }
        #expect(try visitor("2025-03-24T07:01:00Z") == visitor("2025-03-31T06:04:00Z"))
        #expect(try visitor("2025-03-24T07:01:00Z") != visitor("2025-03-31T07:01:00Z"))
        #expect(Pseudonyms().mark != pseudonyms.mark)
        // State of other clocks is another state.
        let options = TrafficUpdates.profileOptions(TrafficUpdates.defaults, berlin)
        #expect(
            options.version
                != TrafficUpdates.profileOptions(TrafficUpdates.defaults, WeekClock()).version)
    }
}
