import Fleet
import LocationIngest
import Records
import RoadNetwork
import Runtime
import Testing

@testable import Command

@Suite("What a fleet sends")
struct FleetFeedTests {
    /// All that a minute of a scenario sends, as the ingest reads it.
    private func locations(_ name: FleetScenario.Name) async throws -> [LocationUpdate] {
        var scenario = FleetScenario(named: name)
        scenario.vehicles = 20
        scenario.duration = 60
        let simulator = try FleetSimulator(
            graph: try SyntheticCity.make(seed: 1), scenario: scenario)
        // Everything has happened: nothing is waited for.
        let now = simulator.end.advanced(byMilliseconds: 3_600_000)
        let feed = FleetFeed(
            simulator, lanes: 2, clock: ScaledClock(start: now), liveFrom: simulator.end,
            interruption: Interruption())
        var locations: [LocationUpdate] = []
        for lane in 0..<2 {
            while let body = await feed.next(lane) {
                let decoded = try LocationBatchDecoder().decode(body, now: now)
                #expect(decoded.rejected.isEmpty)
                locations += decoded.accepted
            }
        }
        return locations.sorted { ($0.userID, $0.observedAt) < ($1.userID, $1.observedAt) }
    }

    @Test("the scenario motion sends headings and speeds with the positions, others do not")
    func motion() async throws {
        let moving = try await locations(.motion)
        #expect(moving.count > 200)
        #expect(moving.allSatisfy { $0.heading != nil && $0.speed != nil })
        #expect(Set(moving.map(\.heading)).count > moving.count / 2)
        let everyday = try await locations(.everyday)
        #expect(everyday.allSatisfy { $0.heading == nil && $0.speed == nil })
        #expect(everyday.map(\.latitude) == moving.map(\.latitude))
    }
}
