internal import Fleet
internal import Geo
internal import LocationIngest
internal import Records
internal import Runtime
internal import Serving

/// Paces a fleet by the clock: hands out each vehicle's batch when its vehicle would send it.
///
/// In the fast part a vehicle sends what half a minute brought, as an app does to save power; in the live part
/// it sends each position at once. Vehicles are divided among lanes, and each lane sends one request at a time:
/// a vehicle's requests can't overtake one another, whatever has to be tried again.
actor FleetFeed {
    /// How long a vehicle gathers positions in the fast part, in milliseconds of the clock.
    static let gathering: Int64 = 30_000

    private struct Buffer {
        var points: [LocationBatch.Point] = []
    }

    private var simulator: FleetSimulator
    private let clock: ScaledClock
    private let liveFrom: EventTime
    private let keepsSendTimes: Bool
    private let interruption: Interruption
    private let users: FleetUsers
    private var pending: FleetEvent?
    private var buffers: [Buffer]
    private var lanes: [Lane]
    private var isExhausted = false
    private var isStopped = false
    private(set) var sent = 0
    /// When a position was sent in the live part, by the clock, which runs in real time then.
    private(set) var sendTimes: [SentPosition: EventTime] = [:]

    /// The vehicles of a lane in the order in which they send.
    private struct Lane {
        var order: [(time: EventTime, vehicle: Int)] = []
        var start = 0

        /// Late comers are few, so the place is near the end.
        mutating func insert(_ time: EventTime, _ vehicle: Int) {
            var index = order.count
            while index > start, order[index - 1].time > time { index -= 1 }
            order.insert((time, vehicle), at: index)
        }

        mutating func removeFirst() {
            start += 1
            if start > 4_096 {
                order.removeFirst(start)
                start = 0
            }
        }

        var first: (time: EventTime, vehicle: Int)? { start < order.count ? order[start] : nil }
    }

    /// A position of a vehicle.
    struct SentPosition: Hashable {
        let vehicle: Int
        let time: EventTime
    }

    /// Paces the fleet of `simulator`.
    ///
    /// - Parameters:
    ///   - lanes: how many requests may be under way.
    ///   - liveFrom: when positions are no longer gathered and the clock runs in real time.
    ///   - keepsSendTimes: whether ``sendTimes`` is written: it grows with every position.
    ///   - users: the vehicles' names as users.
    ///   - interruption: ends the fleet early.
    init(
        _ simulator: FleetSimulator, lanes: Int, clock: ScaledClock, liveFrom: EventTime,
        keepsSendTimes: Bool = true, users: FleetUsers = FleetUsers(),
        interruption: Interruption
    ) {
        self.users = users
        self.simulator = simulator
        self.lanes = Array(repeating: Lane(), count: max(1, lanes))
        self.clock = clock
        self.liveFrom = liveFrom
        self.keepsSendTimes = keepsSendTimes
        self.interruption = interruption
        buffers = Array(repeating: Buffer(), count: simulator.scenario.vehicles)
    }

    /// The truth, for the summary.
    var truth: FleetTruth { simulator.truth }

    /// Ends the fleet early: nobody is there any more to take what it sends.
    func stop() { isStopped = true }

    /// Sends everything, in all lanes at a time, until the fleet has come to rest.
    nonisolated func send(with client: IngestClient) async {
        await withDiscardingTaskGroup { group in
            for lane in 0..<(await lanes.count) {
                group.addTask {
                    while let body = await self.next(lane) { await client.send(body) }
                }
            }
        }
    }

    /// The next request's body of a lane; nil when the fleet has come to rest.
    func next(_ lane: Int) async -> [UInt8]? {
        while !interruption.isRequested, !isStopped {
            let now = clock.now()
            if now >= liveFrom { clock.setRate(1) }
            take(until: now)
            if let first = lanes[lane].first,
                first.time <= now || isExhausted || now >= liveFrom
            {
                lanes[lane].removeFirst()
                return body(first.vehicle, now)
            }
            if isExhausted, lanes[lane].first == nil { return nil }
            try? await Task.sleep(for: .milliseconds(10))
        }
        return nil
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
                lanes[event.vehicle % lanes.count].insert(time, event.vehicle)
            }
            buffers[event.vehicle].points.append(
                LocationBatch.Point(
                    latitude: event.coordinate.latitude, longitude: event.coordinate.longitude,
                    observedAt: event.time, heading: event.heading, speed: event.speed))
        }
    }

    private func body(_ vehicle: Int, _ now: EventTime) -> [UInt8] {
        let points = buffers[vehicle].points
        buffers[vehicle].points.removeAll(keepingCapacity: true)
        sent += points.count
        if keepsSendTimes, now >= liveFrom {
            for point in points {
                sendTimes[SentPosition(vehicle: vehicle, time: point.observedAt)] = now
            }
        }
        return LocationBatch(
            userID: users.userID(ofVehicle: vehicle), navigationMode: .driving,
            points: points
        ).json()
    }
}
