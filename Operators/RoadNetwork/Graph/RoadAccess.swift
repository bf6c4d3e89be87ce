/// Who may drive on a road; the raw values are part of codecs.
public enum RoadAccess: UInt8, CaseIterable, Comparable, Sendable {
    /// Everybody.
    case open = 0
    /// Those whose trip starts or ends here.
    case destination
    /// The owner and whom he lets in.
    case `private`
    /// No car; such roads are not in the graph.
    case closed

    /// By restriction: open first.
    public static func < (a: RoadAccess, b: RoadAccess) -> Bool { a.rawValue < b.rawValue }
}
