public import Records

/// Decodes the body of `POST /v1/locations`, one user's batch of points.
///
///     {"user_id": "u-17", "user_mode": "active", "navigation_mode": "driving",
///      "locs": [[49.4874, 8.4660, 1479826800], [49.4875, 8.4662, 1479826805.25]]}
///
/// - `user_id` is a string of 1 to ``LocationLimits/userIDBytes`` bytes without control characters.
/// - `user_mode` and `navigation_mode` may be missing or null; names that aren't known become
///   ``UserMode/other`` and ``NavigationMode/other``.
/// - `locs` is a list of `[latitude, longitude, timestamp]`, degrees in WGS 84. A timestamp is Unix time
///   in seconds, with or without a fraction, when its magnitude is below 10¹¹, and in milliseconds from
///   there on; or a string, an ISO 8601 date and time with a zone.
/// - `headings` (degrees clockwise from north) and `speeds` (m/s) may list what the device told beside the
///   points: as many elements as `locs`, null where it told nothing; a number out of range says nothing.
/// - Members may come in any order, members of other names are skipped, and one of these six
///   that comes twice refuses the request.
///
/// A bad point is rejected with a reason and the good ones go on; what isn't JSON at all, from the
/// first byte to the last, refuses the whole request. The one exception to JSON is that `NaN`,
/// `Infinity` and `-Infinity` are recognised as coordinates, because common encoders write them, and
/// reject their point only.
///
/// The decoder works on the bytes in place and builds no tree. Numbers are rounded correctly.
public struct LocationBatchDecoder: Sendable {
    /// What a request may hold.
    public var limits: LocationLimits

    /// Makes a decoder.
    public init(limits: LocationLimits = LocationLimits()) {
        self.limits = limits
    }

    /// Decodes a request.
    ///
    /// - Parameters:
    ///   - body: The JSON, decompressed.
    ///   - now: The time against which points are too old or in the future.
    /// - Returns: All points that the request lists, good or rejected.
    /// - Throws: ``RequestRefusal`` when the request is refused as a whole.
    public func decode(
        _ body: UnsafeRawBufferPointer, now: EventTime
    ) throws(RequestRefusal) -> DecodedLocations {
        guard body.count <= limits.bodyBytes else {
            throw RequestRefusal(
                status: 413, code: "too-large",
                message: "the request has more than \(limits.bodyBytes) bytes")
        }
        var members = LocationMembers(limits: limits, now: now)
        try members.read(body)
        return try members.locations()
    }

    /// Decodes a request; see ``decode(_:now:)-(UnsafeRawBufferPointer,_)``.
    public func decode(
        _ body: [UInt8], now: EventTime
    ) throws(RequestRefusal) -> DecodedLocations {
        try body.withUnsafeBufferPointer { (buffer) throws(RequestRefusal) in
            try decode(UnsafeRawBufferPointer(buffer), now: now)
        }
    }
}
