internal import Fleet
internal import Records

/// The names of a fleet's vehicles as users: with a prefix, several runs on one log and database can be told
/// apart.
struct FleetUsers: Sendable {
    /// What stands in front of each name.
    var prefix = ""

    /// The names of a run that starts at a time.
    static func run(startingAt start: EventTime) -> FleetUsers {
        FleetUsers(prefix: "run-\(String(start.milliseconds, radix: 36))-")
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
