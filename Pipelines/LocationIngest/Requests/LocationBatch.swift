public import Records

/// One user's points as a client sends them: what ``LocationBatchDecoder`` reads.
public struct LocationBatch: Hashable, Sendable {
    /// A position at a time.
    public struct Point: Hashable, Sendable {
        /// Degrees north, WGS 84.
        public var latitude: Double
        /// Degrees east, WGS 84.
        public var longitude: Double
        /// When it was measured.
        public var observedAt: EventTime
        /// Where the device was heading, in degrees clockwise from north, if it told.
        public var heading: Double?
        /// How fast it was in m/s, if it told.
        public var speed: Double?

        /// Makes a point.
        public init(
            latitude: Double, longitude: Double, observedAt: EventTime, heading: Double? = nil,
            speed: Double? = nil
        ) {
            self.latitude = latitude
            self.longitude = longitude
            self.observedAt = observedAt
            self.heading = heading
            self.speed = speed
        }
    }

    /// Whose points they are.
    public var userID: String
    /// What the user was doing with the app; left out of the JSON when unspecified.
    public var userMode: UserMode
    /// How the user moved; left out of the JSON when unspecified.
    public var navigationMode: NavigationMode
    /// The points.
    public var points: [Point]

    /// Makes a batch.
    public init(
        userID: String, userMode: UserMode = .unspecified,
        navigationMode: NavigationMode = .unspecified, points: [Point] = []
    ) {
        self.userID = userID
        self.userMode = userMode
        self.navigationMode = navigationMode
        self.points = points
    }

    /// The batch as the body of `POST /v1/locations`.
    ///
    /// Coordinates are the shortest decimals that read back the same; one that isn't finite is written
    /// as null, which the server rejects. Timestamps are milliseconds, but for those before March 1973,
    /// which would be read as seconds and are written as such. Headings and speeds are left out where no point
    /// has one.
    public func json() -> [UInt8] {
        var text: [UInt8] = []
        text.reserveCapacity(96 + points.count * 48)
        text.append(contentsOf: #"{"user_id":"#.utf8)
        LocationBatch.appendString(userID, to: &text)
        if userMode != .unspecified {
            text.append(contentsOf: #","user_mode":"#.utf8)
            LocationBatch.appendString(userMode.name, to: &text)
        }
        if navigationMode != .unspecified {
            text.append(contentsOf: #","navigation_mode":"#.utf8)
            LocationBatch.appendString(navigationMode.name, to: &text)
        }
        text.append(contentsOf: #","locs":["#.utf8)
        for (index, point) in points.enumerated() {
            text.append(contentsOf: (index == 0 ? "[" : ",[").utf8)
            LocationBatch.appendNumber(point.latitude, to: &text)
            text.append(UInt8(ascii: ","))
            LocationBatch.appendNumber(point.longitude, to: &text)
            text.append(UInt8(ascii: ","))
            LocationBatch.appendTime(point.observedAt, to: &text)
            text.append(UInt8(ascii: "]"))
        }
        text.append(UInt8(ascii: "]"))
        append("headings", \.heading, to: &text)
        append("speeds", \.speed, to: &text)
        text.append(UInt8(ascii: "}"))
        return text
    }

    /// A list beside the points; nothing where no point has a number for it.
    private func append(
        _ name: String, _ number: (Point) -> Double?, to text: inout [UInt8]
    ) {
        guard points.contains(where: { number($0) != nil }) else { return }
        text.append(contentsOf: ",\"\(name)\":[".utf8)
        for (index, point) in points.enumerated() {
            if index > 0 { text.append(UInt8(ascii: ",")) }
            LocationBatch.appendNumber(number(point) ?? .nan, to: &text)
        }
        text.append(UInt8(ascii: "]"))
    }

    private static func appendTime(_ time: EventTime, to text: inout [UInt8]) {
        let milliseconds = time.milliseconds
        guard milliseconds.magnitude < 100_000_000_000 else {
            text.append(contentsOf: String(milliseconds).utf8)
            return
        }
        let fraction = String(1_000 + milliseconds.magnitude % 1_000).dropFirst()
        text.append(contentsOf: (milliseconds < 0 ? "-" : "").utf8)
        text.append(contentsOf: "\(milliseconds.magnitude / 1_000).\(fraction)".utf8)
    }

    private static func appendNumber(_ value: Double, to text: inout [UInt8]) {
        text.append(contentsOf: (value.isFinite ? value.description : "null").utf8)
    }

    private static func appendString(_ value: String, to text: inout [UInt8]) {
        text.append(UInt8(ascii: "\""))
        for byte in value.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"):
                text.append(UInt8(ascii: "\\"))
                text.append(byte)
            case 0..<0x20:
                let digits = String(byte, radix: 16)
                text.append(contentsOf: (byte < 16 ? "\\u000" : "\\u00").utf8)
                text.append(contentsOf: digits.utf8)
            default: text.append(byte)
            }
        }
        text.append(UInt8(ascii: "\""))
    }
}
