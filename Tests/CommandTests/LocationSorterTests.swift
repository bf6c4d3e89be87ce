import Foundation
import Geo
import LocationIngest
import Records
import Testing

@testable import Command

/// What puts a recording in the order of time, in memory and beyond it.
@Suite("Sorting recorded locations")
struct LocationSorterTests {
    private static func recording(_ count: Int) -> [LocationUpdate] {
        var random = SeededGenerator(seed: 4)
        return (0..<count).map { number in
            LocationUpdate(
                userID: "user-\(random.next() % 7)", userMode: .active,
                latitude: Double(number), longitude: 8,
                observedAt: EventTime(milliseconds: 1_000_000 + Int64(random.next() % 300)),
                heading: number % 2 == 0 ? 90 : nil)
        }
    }

    private func withPlace(_ body: (URL) async throws -> Void) async throws {
        let place = FileManager.default.temporaryDirectory
            .appendingPathComponent("millrace-sorter-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: place) }
        try await body(place)
    }

    private func left(in place: URL) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: place.path)
    }

    /// How many files without a name this process holds that were made at a place.
    private func openFiles(in place: URL) throws -> Int {
        let own = "/proc/self/fd"
        return try FileManager.default.contentsOfDirectory(atPath: own).count { number in
            let target = try? FileManager.default.destinationOfSymbolicLink(
                atPath: "\(own)/\(number)")
            return target?.hasPrefix(place.path) ?? false
        }
    }

    @Test(
        "all come by time, then by user, then as they came, whatever has to be written to disk",
        arguments: [(5_000, 64), (1_000, 64), (300, 64), (37, 2), (1, 3)])
    func sorted(held: Int, fanIn: Int) async throws {
        let recording = LocationSorterTests.recording(held == 1 ? 50 : 2_345)
        let wanted = recording.enumerated().sorted {
            ($0.element.observedAt, $0.element.userID, $0.offset)
                < ($1.element.observedAt, $1.element.userID, $1.offset)
        }.map(\.element)
        try await withPlace { place in
            var sorter = LocationSorter(in: place, held: held, fanIn: fanIn)
            for update in recording { try sorter.add(update) }
            // What is on disk has no name there: a kill leaves nothing.
            #expect(try left(in: place).isEmpty)
            var seen: [LocationUpdate] = []
            try await sorter.drain { lot in
                #expect(lot.count <= LocationSorter.lot)
                seen += lot
                return true
            }
            #expect(seen == wanted)
        }
    }

    @Test("nothing is left on disk, after an early end or none, or a kill at any time")
    func leavesNothing() async throws {
        try await withPlace { place in
            func use(endingEarly: Bool) async throws {
                var sorter = LocationSorter(in: place, held: 100)
                for update in LocationSorterTests.recording(1_500) { try sorter.add(update) }
                #expect(try left(in: place).isEmpty)
                #expect(try openFiles(in: place) > 0)
                var lots = 0
                try await sorter.drain { _ in
                    let named = try left(in: place)
                    #expect(named.isEmpty)
                    lots += 1
                    return !endingEarly
                }
                #expect(lots == (endingEarly ? 1 : 2))
            }
            try await use(endingEarly: true)
            try await use(endingEarly: false)
            #expect(try left(in: place).isEmpty)
            #expect(try openFiles(in: place) == 0)
        }
    }

    @Test("without a location nothing is handed over")
    func empty() async throws {
        var sorter = LocationSorter()
        try await sorter.drain { _ in
            Issue.record("there is nothing to hand over")
            return true
        }
    }

    @Test("a place that can't be written to is an error and not a crash")
    func unwritable() throws {
        var sorter = LocationSorter(in: URL(fileURLWithPath: "/dev/null/nowhere"), held: 2)
        let recording = LocationSorterTests.recording(2)
        try sorter.add(recording[0])
        #expect(throws: (any Error).self) { try sorter.add(recording[1]) }
    }
}
