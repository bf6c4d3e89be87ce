internal import Fleet
internal import Records

/// The names of a fleet's vehicles as users: with a prefix, several runs on one log and database can be told
/// apart.
struct FleetUsers: Sendable {
    /// What stands in front of each name.
    var prefix = ""

    /// The names of a process that began at a time, to the millisecond.
    static func run(at time: EventTime) -> FleetUsers {
        FleetUsers(prefix: "run-\(String(time.milliseconds, radix: 36))-")
    }

    /// The name of a vehicle.
    func userID(ofVehicle vehicle: Int) -> String {
        prefix + FleetEvent.userID(ofVehicle: vehicle)
    }

    /// The number in a vehicle's name; nil for users of other runs and for others.
    func vehicle(ofUserID user: String) -> Int? {
        guard user.hasPrefix(prefix) else { return nil }
        return FleetEvent.vehicle(ofUserID: user.dropFirst(prefix.count))
    }
}
