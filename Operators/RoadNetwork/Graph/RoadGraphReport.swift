/// What was read and what was wrong with it, in counts: a map with faults still gives a graph.
public struct RoadGraphReport: Hashable, Sendable {
    /// Nodes in the file.
    public var nodesRead = 0
    /// Ways in the file.
    public var waysRead = 0
    /// Ways that are roads for cars by their class, whoever may use them.
    public var drivableWays = 0
    /// Those of the drivable ways that no car may enter.
    public var closedWays = 0
    /// Those of the drivable ways that may be driven in one direction only.
    public var oneWays = 0
    /// Those of the drivable ways that carry a speed limit for both directions.
    public var waysWithSpeedLimit = 0
    /// Neighbouring pairs of nodes on the drivable ways.
    public var nodePairs = 0

    /// References to nodes that the file doesn't hold; the way is cut there.
    public var danglingReferences = 0
    /// Drivable ways with fewer than two nodes left.
    public var shortWays = 0
    /// `highway` values that are neither roads nor known to be something else.
    public var unknownClasses = 0
    /// Speed limits that can't be read; the class's default stands in.
    public var unknownSpeedLimits = 0
    /// `oneway` values that can't be read; taken as not given.
    public var unknownOneWays = 0
    /// Access values that can't be read; taken as not given.
    public var unknownAccess = 0
    /// Ways that name a string that the file doesn't hold; the tag is ignored.
    public var brokenTags = 0
    /// Nodes outside the earth; taken as missing.
    public var invalidCoordinates = 0
    /// Ways or nodes given twice; the first stands.
    public var duplicates = 0
    /// Segments whose id was taken and who got the next free one.
    public var idCollisions = 0

    /// Nothing was read.
    public init() {}

    /// How many of the counted things are faults of the map.
    public var faults: Int {
        danglingReferences + shortWays + unknownClasses + unknownSpeedLimits + unknownOneWays
            + unknownAccess + brokenTags + invalidCoordinates + duplicates + idCollisions
    }
}
