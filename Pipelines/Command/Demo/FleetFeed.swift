internal import Fleet
internal import Geo
internal import LocationIngest
internal import Records
internal import Runtime

/// Paces a fleet by the clock: hands out each vehicle's batch when its vehicle would send it.
///
/// In the fast part a vehicle sends what half a minute brought, as an app does to save power; in the live part
/// it sends each position at once.
actor FleetFeed {
    /// How long a vehicle gathers positions in the fast part, in milliseconds of the clock.
    static let gathering: Int64 = 30_000

    private struct Buffer {
        var points: [LocationBatch.Point] = []
        var since = EventTime.max
    }

    private var simulator: FleetSimulator
    private let clock: ScaledClock
    private let liveFrom: EventTime
    private var pending: FleetEvent?
    private var buffers: [Buffer]
    private var ready: [Int] = []
    private var order: [(time: EventTime, vehicle: Int)] = []
    private var orderStart = 0
    private var isExhausted = false
    private(set) var sent = 0
    /// When a position was sent in the live part, by the clock, which runs in real time then.
    private(set) var sendTimes: [SentPosition: EventTime] = [:]

    /// A position of a vehicle.
    struct SentPosition: Hashable {
        let vehicle: Int
        let time: EventTime
    }

    init(_ simulator: FleetSimulator, clock: ScaledClock, liveFrom: EventTime) {
        self.simulator = simulator
        self.clock = clock
        self.liveFrom = liveFrom
        buffers = Array(repeating: Buffer(), count: simulator.scenario.vehicles)
    }

    /// The truth, for the summary.
    var truth: FleetTruth { simulator.truth }

    /// The next request's body; nil when the fleet has come to rest.
    func next() async -> [UInt8]? {
        while true {
            let now = clock.now()
            if now >= liveFrom { clock.setRate(1) }
            take(until: now)
            if let vehicle = due(now) { return body(vehicle, now) }
            if isExhausted, order.count == orderStart { return nil }
            let wait = min(20, max(1, clock.realMilliseconds(for: 50)))
            try? await Task.sleep(for: .milliseconds(wait))
        }
    }

    /// Moves what has happened by now into the vehicles' buffers.
    private func take(until now: EventTime) {
        while !isExhausted {
            guard let event = pending ?? simulator.next() else {
                isExhausted = true
                return
            }
            pending = nil
            guard event.arrivalTime <= now else {
                pending = event
                return
            }
            let buffer = buffers[event.vehicle]
            if buffer.points.isEmpty {
                let delay = event.arrivalTime < liveFrom ? FleetFeed.gathering : 0
                let stagger = Int64(event.vehicle % 30) * (delay / 30)
                let time = event.arrivalTime.advanced(byMilliseconds: delay / 2 + stagger / 2)
                insert(time, event.vehicle)
            }
            buffers[event.vehicle].points.append(
                LocationBatch.Point(
                    latitude: event.coordinate.latitude, longitude: event.coordinate.longitude,
                    observedAt: event.time))
        }
    }

    /// Keeps the vehicles in the order in which they send; late comers are few, so the place is near the end.
    private func insert(_ time: EventTime, _ vehicle: Int) {
        var index = order.count
        while index > orderStart, order[index - 1].time > time { index -= 1 }
        order.insert((time, vehicle), at: index)
    }

    private func due(_ now: EventTime) -> Int? {
        guard orderStart < order.count else { return nil }
        guard order[orderStart].time <= now || isExhausted || now >= liveFrom else { return nil }
        defer {
            orderStart += 1
            if orderStart > 4_096 {
                order.removeFirst(orderStart)
                orderStart = 0
            }
        }
        return order[orderStart].vehicle
    }

    private func body(_ vehicle: Int, _ now: EventTime) -> [UInt8] {
        let points = buffers[vehicle].points
        buffers[vehicle].points.removeAll(keepingCapacity: true)
        sent += points.count
        if now >= liveFrom {
            for point in points {
                sendTimes[SentPosition(vehicle: vehicle, time: point.observedAt)] = now
            }
        }
        return LocationBatch(
            userID: FleetEvent.userID(ofVehicle: vehicle), navigationMode: .driving,
            points: points
        ).json()
    }
}
