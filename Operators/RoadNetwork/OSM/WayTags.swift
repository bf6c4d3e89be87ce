/// The tags of a way that decide whether and how it may be driven.
struct WayTags {
    var highway: String?
    var oneway: String?
    var junction: String?
    var maxspeed: String?
    var maxspeedForward: String?
    var maxspeedBackward: String?
    /// From the general to the particular: `access`, `vehicle`, `motor_vehicle`, `motorcar`.
    var access: [String?] = [nil, nil, nil, nil]

    /// The keys, in the order of ``set(_:to:)``.
    static let keys = [
        "highway", "oneway", "junction", "maxspeed", "maxspeed:forward", "maxspeed:backward",
        "access", "vehicle", "motor_vehicle", "motorcar",
    ]

    /// Sets the tag whose key stands at `index` of ``keys``.
    mutating func set(_ index: Int, to value: String) {
        switch index {
        case 0: highway = value
        case 1: oneway = value
        case 2: junction = value
        case 3: maxspeed = value
        case 4: maxspeedForward = value
        case 5: maxspeedBackward = value
        case 6...9: access[index - 6] = value
        default: break
        }
    }

    /// The road that the tags describe, nil when it is none for cars; counts what it finds.
    func attributes(_ report: inout RoadGraphReport) -> RoadAttributes? {
        guard let highway else { return nil }
        guard let roadClass = RoadClass(highway: highway) else {
            if !RoadClass.undrivable.contains(highway) { report.unknownClasses += 1 }
            return nil
        }
        report.drivableWays += 1
        let (forward, backward) = directions(roadClass, &report)
        if forward != backward { report.oneWays += 1 }
        if maxspeed != nil { report.waysWithSpeedLimit += 1 }
        let both = limit(maxspeed, &report)
        let access = reading(&report)
        if access == .closed {
            report.closedWays += 1
            return nil
        }
        return RoadAttributes(
            roadClass, access: access, forward: forward, backward: backward,
            speedLimit: limit(maxspeedForward, &report) ?? both ?? roadClass.defaultSpeedLimit,
            backwardSpeedLimit: limit(maxspeedBackward, &report) ?? both
                ?? roadClass.defaultSpeedLimit,
            isRoundabout: isRoundabout)
    }

    private var isRoundabout: Bool { junction == "roundabout" || junction == "circular" }

    private func limit(_ text: String?, _ report: inout RoadGraphReport) -> Int? {
        guard let text else { return nil }
        switch SpeedLimit(text) {
        case .limit(let limit): return limit
        case .unspecified: return nil
        case .unreadable:
            report.unknownSpeedLimits += 1
            return nil
        }
    }

    private func directions(
        _ roadClass: RoadClass, _ report: inout RoadGraphReport
    ) -> (forward: Bool, backward: Bool) {
        switch oneway {
        case "yes", "true", "1": return (true, false)
        case "-1", "reverse": return (false, true)
        case "no", "false", "0", "reversible", "alternating": return (true, true)
        case nil: break
        default: report.unknownOneWays += 1
        }
        let implied = roadClass == .motorway || roadClass == .motorwayLink || isRoundabout
        return (true, !implied)
    }

    /// The most particular access tag that can be read.
    private func reading(_ report: inout RoadGraphReport) -> RoadAccess {
        for text in access.reversed() {
            guard let text else { continue }
            let parts = text.split(separator: ";").compactMap { WayTags.access(of: $0) }
            if let access = parts.min() { return access }
            report.unknownAccess += 1
        }
        return .open
    }

    private static func access(of value: Substring) -> RoadAccess? {
        switch value.drop(while: { $0 == " " }) {
        case "yes", "permissive", "designated", "official", "public", "unknown": .open
        case "destination", "customers", "delivery", "residents", "residential": .destination
        case "private", "permit", "employees", "members": .private
        case "no", "agricultural", "forestry", "emergency", "bus", "psv", "military", "hgv",
            "bicycle", "foot", "use_sidepath", "discouraged", "agricultural/forestry", "taxi":
            .closed
        default: nil
        }
    }
}
