public import Records
internal import RoadNetwork

/// What truly happened to a simulated fleet: for figures about results, never for results.
public struct FleetTruth: Sendable {
    /// A vehicle's true place at the moment of a position.
    public struct Place: Hashable, Sendable {
        /// The directed segment it was on.
        public var segment: Int
        /// The segment before on its route, -1 at the beginning.
        public var previous: Int
        /// The next segment on its route.
        public var next: Int
        /// Metres from the segment's start.
        public var offset: Double
    }

    /// A full passage over a segment.
    public struct Passage: Hashable, Sendable {
        /// The directed segment.
        public var segment: Int
        /// The vehicle's number.
        public var vehicle: Int
        /// When it entered.
        public var enterTime: EventTime
        /// When it left; the passage belongs to this minute.
        public var leaveTime: EventTime
    }

    /// A directed segment in a minute.
    public struct Cell: Hashable, Comparable, Sendable {
        /// The directed segment.
        public var segment: Int
        /// Minutes since 1970 of the time at which passages left it.
        public var minute: Int64

        /// Makes a cell.
        public init(segment: Int, minute: Int64) {
            self.segment = segment
            self.minute = minute
        }

        /// By segment, then by minute.
        public static func < (a: Cell, b: Cell) -> Bool {
            (a.segment, a.minute) < (b.segment, b.minute)
        }
    }

    /// What all passages of a cell amount to.
    public struct Speed: Hashable, Sendable {
        /// Distinct vehicles.
        public var vehicles: Int
        /// Full passages.
        public var passages: Int
        /// The harmonic mean speed in m/s.
        public var speed: Double
    }

    /// All full passages, in the order in which the simulation saw them end.
    public internal(set) var passages: [Passage] = []
    /// The time of each vehicle's first position, sent or dropped.
    var firstTimes: [Int64] = []
    /// Milliseconds between two positions of a vehicle.
    var sampling: Int64 = 1
    /// Each vehicle's places, one for each position, sent or dropped.
    var places: [[PackedPlace]] = []
    var lengths: [Float] = []

    struct PackedPlace: Sendable {
        var segment: Int32
        var previous: Int32
        var next: Int32
        var offset: Float
    }

    /// The minute since 1970 in which a time lies.
    public static func minute(of time: EventTime) -> Int64 {
        time.milliseconds.quotientAndFlooredRemainder(dividingBy: 60_000).0
    }

    /// Where a vehicle was when it took the position of `time`; nil for other times.
    public func place(ofVehicle vehicle: Int, at time: EventTime) -> Place? {
        guard places.indices.contains(vehicle) else { return nil }
        let elapsed = time.milliseconds - firstTimes[vehicle]
        guard elapsed >= 0, elapsed % sampling == 0,
            elapsed / sampling < places[vehicle].count
        else { return nil }
        let place = places[vehicle][Int(elapsed / sampling)]
        return Place(
            segment: Int(place.segment), previous: Int(place.previous), next: Int(place.next),
            offset: Double(place.offset))
    }

    /// Whether a match counts as right: the true directed segment or its direct neighbour on the
    /// route.
    public func isRight(segment: Int?, vehicle: Int, time: EventTime) -> Bool {
        guard let segment, let place = place(ofVehicle: vehicle, at: time) else { return false }
        return segment == place.segment || segment == place.previous || segment == place.next
    }

    /// The passages, summed by segment and minute.
    public func speeds() -> [Cell: Speed] {
        struct Sum {
            var seconds = 0.0
            var vehicles: Set<Int> = []
            var count = 0
        }
        var sums: [Cell: Sum] = [:]
        for passage in passages {
            let cell = Cell(
                segment: passage.segment, minute: FleetTruth.minute(of: passage.leaveTime))
            let milliseconds = passage.leaveTime.millisecondsSince(passage.enterTime)
            sums[cell, default: Sum()].seconds += Double(max(1, milliseconds)) / 1_000
            sums[cell]?.vehicles.insert(passage.vehicle)
            sums[cell]?.count += 1
        }
        var result: [Cell: Speed] = [:]
        result.reserveCapacity(sums.count)
        for (cell, sum) in sums {
            result[cell] = Speed(
                vehicles: sum.vehicles.count, passages: sum.count,
                speed: Double(lengths[cell.segment]) * Double(sum.count) / sum.seconds)
        }
        return result
    }
}
