/// Why one point of a request is rejected; the raw value is what replies, dead letters and metrics say.
public enum RejectionReason: String, CaseIterable, Hashable, Sendable {
    /// The element of `locs` isn't a list.
    case notAList = "not-a-list"
    /// The list doesn't hold exactly latitude, longitude and timestamp.
    case wrongArity = "wrong-arity"
    /// Latitude or longitude isn't a number: text, null, a list, NaN or longer than
    /// ``LocationLimits/numberBytes``.
    case notANumber = "not-a-number"
    /// The timestamp is neither a number nor an ISO 8601 time with a zone.
    case notATime = "not-a-time"
    /// The latitude lies outside of -90 to 90.
    case latitudeOutOfRange = "latitude-out-of-range"
    /// The longitude lies outside of -180 to 180.
    case longitudeOutOfRange = "longitude-out-of-range"
    /// The time lies further ahead of the clock than ``LocationLimits/futureMilliseconds``.
    case inTheFuture = "in-the-future"
    /// The time lies further behind the clock than ``LocationLimits/ageMilliseconds``.
    case tooOld = "too-old"
    /// The request holds more than ``LocationLimits/points`` points and this is one of those behind.
    case tooManyPoints = "too-many-points"
}
