internal import Records

/// The members of a request as far as they are read; the user may come behind the points.
struct LocationMembers {
    /// A point that waits for its user.
    private struct Point {
        var latitude: Double
        var longitude: Double
        var time: EventTime
        /// Which element of `locs` it is.
        var index: Int
    }

    /// The members that mean something.
    private enum Member: CaseIterable {
        case userID, userMode, navigationMode, locations, headings, speeds

        var name: StaticString {
            switch self {
            case .userID: "user_id"
            case .userMode: "user_mode"
            case .navigationMode: "navigation_mode"
            case .locations: "locs"
            case .headings: "headings"
            case .speeds: "speeds"
            }
        }
    }

    private let limits: LocationLimits
    private let newest: EventTime
    private let oldest: EventTime

    private var seen: [Member] = []
    private var userID: String?
    private var userMode = UserMode.unspecified
    private var navigationMode = NavigationMode.unspecified
    private var listed = 0
    private var points: [Point] = []
    private var rejected: [RejectedLocation] = []
    private var headings: [Double?] = []
    private var speeds: [Double?] = []

    init(limits: LocationLimits, now: EventTime) {
        self.limits = limits
        newest = now.advanced(byMilliseconds: max(0, limits.futureMilliseconds))
        oldest = now.advanced(byMilliseconds: -max(0, limits.ageMilliseconds))
    }

    /// Reads a request from its first byte to its last.
    mutating func read(_ body: UnsafeRawBufferPointer) throws(RequestRefusal) {
        var cursor = JSONCursor(body)
        cursor.skipSpace()
        guard cursor.current == UInt8(ascii: "{") else {
            try cursor.skipValue(depth: limits.depth)
            throw LocationMembers.refusal("not-an-object", "the request isn't a JSON object")
        }
        try cursor.take("{")
        if !cursor.takes("}") {
            repeat { try readMember(&cursor) } while try cursor.takesComma(orEnd: "}")
        }
        cursor.skipSpace()
        guard cursor.position == cursor.end else {
            throw cursor.fault("something follows the object")
        }
    }

    /// What was read, once it is complete.
    func locations() throws(RequestRefusal) -> DecodedLocations {
        guard let userID else {
            throw LocationMembers.refusal("missing-user-id", "user_id is missing")
        }
        guard seen.contains(.locations) else {
            throw LocationMembers.refusal("missing-locs", "locs is missing")
        }
        guard listed > 0 else {
            throw LocationMembers.refusal("empty-locs", "locs is empty")
        }
        for (member, count) in [(Member.headings, headings.count), (.speeds, speeds.count)]
        where seen.contains(member) && count != listed {
            throw LocationMembers.refusal(
                "bad-\(member.name)", "\(member.name) has \(count) elements and locs \(listed)")
        }
        let accepted = points.map { point in
            LocationUpdate(
                userID: userID, userMode: userMode, navigationMode: navigationMode,
                latitude: point.latitude, longitude: point.longitude, observedAt: point.time,
                heading: headings.isEmpty ? nil : headings[point.index],
                speed: speeds.isEmpty ? nil : speeds[point.index])
        }
        return DecodedLocations(userID: userID, accepted: accepted, rejected: rejected)
    }

    private static func refusal(_ code: String, _ message: String) -> RequestRefusal {
        RequestRefusal(status: 422, code: code, message: message)
    }
}

// MARK: - Members

extension LocationMembers {
    private mutating func readMember(_ cursor: inout JSONCursor) throws(RequestRefusal) {
        let name = try cursor.string()
        let member =
            name.isEscaped
            ? cursor.text(name).flatMap { text in Member.allCases.first { "\($0.name)" == text } }
            : Member.allCases.first { cursor.holds(name, $0.name) }
        try cursor.take(":")
        guard let member else { return try cursor.skipValue(depth: limits.depth) }
        guard !seen.contains(member) else {
            throw LocationMembers.refusal(
                "duplicate-member", "\(member.name) is given twice")
        }
        seen.append(member)
        switch member {
        case .userID:
            userID = try readUserID(&cursor)
        case .userMode:
            userMode = UserMode(name: try readMode(member, &cursor))
        case .navigationMode:
            navigationMode = NavigationMode(name: try readMode(member, &cursor))
        case .locations:
            try readLocations(&cursor)
        case .headings:
            headings = try readNumbers(member, 0..<360.5, &cursor)
        case .speeds:
            speeds = try readNumbers(member, 0..<150, &cursor)
        }
    }

    /// What a device told beside its points: a list of numbers; null, and what is no number in range, says nothing.
    private func readNumbers(
        _ member: Member, _ bounds: Range<Double>, _ cursor: inout JSONCursor
    ) throws(RequestRefusal) -> [Double?] {
        guard cursor.current == UInt8(ascii: "[") else {
            try cursor.skipValue(depth: limits.depth)
            throw LocationMembers.refusal("bad-\(member.name)", "\(member.name) isn't a list")
        }
        try cursor.take("[")
        var numbers: [Double?] = []
        if cursor.takes("]") { return numbers }
        repeat {
            guard numbers.count < limits.listedPoints else {
                throw RequestRefusal(
                    status: 413, code: "too-many-points",
                    message: "\(member.name) has more than \(limits.listedPoints) elements")
            }
            let number = try readCoordinate(&cursor)
            numbers.append(number.flatMap { bounds.contains($0) ? $0 : nil })
        } while try cursor.takesComma(orEnd: "]")
        return numbers
    }

    private func readUserID(_ cursor: inout JSONCursor) throws(RequestRefusal) -> String {
        guard cursor.current == UInt8(ascii: "\"") else {
            try cursor.skipValue(depth: limits.depth)
            throw LocationMembers.refusal("bad-user-id", "user_id isn't a string")
        }
        guard let text = cursor.text(try cursor.string()) else {
            throw LocationMembers.refusal("bad-user-id", "user_id isn't Unicode text")
        }
        guard !text.isEmpty else {
            throw LocationMembers.refusal("empty-user-id", "user_id is empty")
        }
        guard text.utf8.count <= limits.userIDBytes else {
            throw LocationMembers.refusal(
                "long-user-id", "user_id has more than \(limits.userIDBytes) bytes")
        }
        guard text.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else {
            throw LocationMembers.refusal(
                "bad-user-id", "user_id holds a control character")
        }
        return text
    }

    private func readMode(
        _ member: Member, _ cursor: inout JSONCursor
    ) throws(RequestRefusal) -> String {
        if cursor.takes(word: "null") { return "" }
        guard cursor.current == UInt8(ascii: "\"") else {
            try cursor.skipValue(depth: limits.depth)
            throw LocationMembers.refusal("bad-mode", "\(member.name) isn't a string")
        }
        let string = try cursor.string()
        guard string.range.count <= limits.modeBytes, let text = cursor.text(string) else {
            throw LocationMembers.refusal(
                "bad-mode",
                "\(member.name) isn't text of at most \(limits.modeBytes) bytes")
        }
        return text
    }
}

// MARK: - Points

extension LocationMembers {
    private mutating func readLocations(
        _ cursor: inout JSONCursor
    ) throws(RequestRefusal) {
        guard cursor.current == UInt8(ascii: "[") else {
            try cursor.skipValue(depth: limits.depth)
            throw LocationMembers.refusal("bad-locs", "locs isn't a list")
        }
        try cursor.take("[")
        if cursor.takes("]") { return }
        // A point for every 32 bytes that are left, which is what one takes in memory: so this never
        // reserves more than the body.
        let fitting = (cursor.end - cursor.position) / 32 + 1
        points.reserveCapacity(max(0, min(limits.points, fitting)))
        repeat {
            guard listed < limits.listedPoints else {
                throw RequestRefusal(
                    status: 413, code: "too-many-points",
                    message: "locs has more than \(limits.listedPoints) points")
            }
            let start = cursor.position
            let reason = try readPoint(&cursor)
            if let reason {
                rejected.append(
                    RejectedLocation(
                        index: listed, reason: reason, range: start..<cursor.position))
            }
            listed += 1
        } while try cursor.takesComma(orEnd: "]")
    }

    /// Reads one element of `locs`, keeps it if it is good, and else says why it isn't.
    @inline(__always)
    private mutating func readPoint(
        _ cursor: inout JSONCursor
    ) throws(RequestRefusal) -> RejectionReason? {
        guard listed < limits.points else {
            try cursor.skipValue(depth: limits.depth)
            return .tooManyPoints
        }
        guard cursor.current == UInt8(ascii: "[") else {
            try cursor.skipValue(depth: limits.depth)
            return .notAList
        }
        try cursor.take("[")
        if cursor.takesLast("]") { return .wrongArity }
        var latitude: Double?
        var longitude: Double?
        var time: EventTime?
        var count = 0
        while true {
            switch count {
            case 0: latitude = try readCoordinate(&cursor)
            case 1: longitude = try readCoordinate(&cursor)
            case 2: time = try readTime(&cursor)
            default: try cursor.skipValue(depth: limits.depth)
            }
            count &+= 1
            if cursor.takes(",") { continue }
            guard cursor.takesLast("]") else { throw cursor.fault("',' or ']' is expected") }
            break
        }
        guard count == 3 else { return .wrongArity }
        guard let latitude, let longitude else { return .notANumber }
        guard let time else { return .notATime }
        guard latitude.magnitude <= 90 else { return .latitudeOutOfRange }
        guard longitude.magnitude <= 180 else { return .longitudeOutOfRange }
        guard time <= newest else { return .inTheFuture }
        guard time >= oldest else { return .tooOld }
        points.append(
            Point(latitude: latitude, longitude: longitude, time: time, index: listed))
        return nil
    }

    /// A coordinate; nil for a value that isn't a number.
    @inline(__always)
    private func readCoordinate(
        _ cursor: inout JSONCursor
    ) throws(RequestRefusal) -> Double? {
        switch cursor.current {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): break
        case UInt8(ascii: "-"):
            if cursor.takes(word: "-Infinity") { return nil }
        default:
            if cursor.takes(word: "NaN") || cursor.takes(word: "Infinity") { return nil }
            try cursor.skipValue(depth: limits.depth)
            return nil
        }
        return cursor.double(try cursor.numberText(), longest: limits.numberBytes)
    }

    /// A timestamp; nil for a value that isn't one.
    @inline(__always)
    private func readTime(_ cursor: inout JSONCursor) throws(RequestRefusal) -> EventTime? {
        guard cursor.current == UInt8(ascii: "\"") else {
            guard let number = try readCoordinate(&cursor) else { return nil }
            return EventTime(unixTime: number)
        }
        let string = try cursor.string()
        if string.isEscaped { return EventTime(iso8601: cursor.text(string) ?? "") }
        return EventTime(
            iso8601: UnsafeRawBufferPointer(rebasing: cursor.bytes[string.range]))
    }
}
