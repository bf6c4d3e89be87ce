/// A point that was rejected while its request went on.
public struct RejectedLocation: Hashable, Sendable {
    /// The point's place in `locs`, from 0.
    public var index: Int
    /// Why.
    public var reason: RejectionReason
    /// Where the point's own bytes lie in the request's JSON.
    public var range: Range<Int>

    /// Makes a rejection.
    public init(index: Int, reason: RejectionReason, range: Range<Int>) {
        self.index = index
        self.reason = reason
        self.range = range
    }

    /// The point's original bytes, at most `limit` of them; empty when `body` isn't the request.
    public func original(in body: [UInt8], limit: Int = 1_024) -> [UInt8] {
        guard range.lowerBound >= 0, range.upperBound <= body.count else { return [] }
        return Array(body[range].prefix(limit))
    }
}
