public import Geo
public import Records

/// A position that a vehicle sends.
public struct FleetEvent: Hashable, Sendable {
    /// When it reaches us; events come in this order.
    public var arrivalTime: EventTime
    /// When the vehicle was there.
    public var time: EventTime
    /// The vehicle's number, from 0.
    public var vehicle: Int
    /// The position with its noise.
    public var coordinate: Coordinate
    /// Degrees clockwise from north, where the scenario reports motion.
    public var heading: Double?
    /// Metres per second, where the scenario reports motion.
    public var speed: Double?

    /// The vehicle's name as a user: `vehicle-00042`.
    public var userID: String { FleetEvent.userID(ofVehicle: vehicle) }

    /// The name of a vehicle as a user.
    public static func userID(ofVehicle vehicle: Int) -> String {
        let digits = String(vehicle)
        return "vehicle-" + String(repeating: "0", count: max(0, 5 - digits.count)) + digits
    }

    /// The number in a vehicle's name; nil for other users.
    public static func vehicle(ofUserID user: some StringProtocol) -> Int? {
        guard user.hasPrefix("vehicle-") else { return nil }
        return Int(user.dropFirst("vehicle-".count))
    }
}

extension FleetEvent: Comparable {
    /// By arrival, then by vehicle and time.
    public static func < (a: FleetEvent, b: FleetEvent) -> Bool {
        (a.arrivalTime, a.vehicle, a.time) < (b.arrivalTime, b.vehicle, b.time)
    }
}
