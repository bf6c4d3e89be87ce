/// What the map says about a road, beside where it runs.
public struct RoadAttributes: Hashable, Sendable {
    /// The road's rank.
    public var roadClass: RoadClass
    /// Who may drive on it.
    public var access: RoadAccess
    /// Whether it may be driven in the order of its points.
    public var forward: Bool
    /// Whether it may be driven against the order of its points.
    public var backward: Bool
    /// The limit in km/h along the order of its points, 1 to 255.
    public var forwardSpeedLimit: Int
    /// The limit in km/h against the order of its points, 1 to 255.
    public var backwardSpeedLimit: Int
    /// Whether the road is part of a roundabout.
    public var isRoundabout: Bool

    /// Makes attributes; the limits default to the class's and are held to 1 to 255 km/h.
    public init(
        _ roadClass: RoadClass, access: RoadAccess = .open, forward: Bool = true,
        backward: Bool = true, speedLimit: Int? = nil, backwardSpeedLimit: Int? = nil,
        isRoundabout: Bool = false
    ) {
        self.roadClass = roadClass
        self.access = access
        self.forward = forward
        self.backward = backward
        let limit = speedLimit ?? roadClass.defaultSpeedLimit
        self.forwardSpeedLimit = max(1, min(255, limit))
        self.backwardSpeedLimit = max(1, min(255, backwardSpeedLimit ?? limit))
        self.isRoundabout = isRoundabout
    }
}
