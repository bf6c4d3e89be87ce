public import Geo

/// A picture of a road network coloured by the speed of its traffic, as SVG.
///
/// Roads stand in a quiet style by class; where a speed is known the direction's side of the road has
/// a colour by its ratio to free flow; stretches that stand out have a glow and a warning triangle, such as traffic has
/// left a barred line and the sign of a closed road. With a title, a legend and a scale, in letters that can be read on
/// a phone. The picture's size is bounded: geometry is simplified to a third of a pixel and small roads are left out of
/// a map that shows a whole region.
public struct TrafficMap: Sendable {
    /// A sign on the map.
    public struct Marker: Hashable, Sendable {
        /// Where it stands.
        public var place: Coordinate
        /// What is written beside it.
        public var label: String

        /// Makes a sign.
        public init(place: Coordinate, label: String) {
            self.place = place
            self.label = label
        }
    }

    /// The width of the picture in pixels.
    public static let width = 1_200.0
    /// The most bytes of geometry; small roads give way first.
    public static let sizeLimit = 3_000_000

    /// The roads.
    public let graph: RoadGraph
    /// Speeds in m/s.
    public var speeds: [SegmentID: Double]
    /// What is shown; nil for where there are speeds, or the whole graph without any.
    public var bounds: BoundingBox?
    /// The headline.
    public var title: String
    /// A line below it; nil for the number of segments.
    public var subtitle: String?
    /// Whom the map's data belongs to, in the corner.
    public var attribution: String?
    /// Stretches with a glow and a sign that says how slow they are; see ``SlowStretch``.
    public var stretches: [SlowStretch] = []
    /// Stretches that are drawn as closed, with a sign; see ``SilentStretch``.
    public var silences: [SilentStretch] = []
    /// Other signs on the map.
    public var markers: [Marker] = []
    /// The colours.
    public var theme = MapTheme.automatic

    /// Makes the picture's description.
    public init(
        graph: RoadGraph, speeds: [SegmentID: Double], title: String, subtitle: String? = nil,
        bounds: BoundingBox? = nil, attribution: String? = nil
    ) {
        self.graph = graph
        self.speeds = speeds
        self.title = title
        self.subtitle = subtitle
        self.bounds = bounds
        self.attribution = attribution
    }

    /// The picture.
    public var svg: String {
        var canvas = MapCanvas(self)
        return canvas.draw()
    }

    /// What the picture shows, at least.
    package var view: BoundingBox {
        if let bounds, !bounds.isEmpty { return bounds }
        var box = BoundingBox.empty
        for id in speeds.keys {
            guard let segment = graph.index(of: id) else { continue }
            box.extend(to: graph.coordinate(ofNode: graph.startNode(segment)))
            box.extend(to: graph.coordinate(ofNode: graph.endNode(segment)))
        }
        if box.isEmpty { box = graph.bounds }
        return box.expanded(byMeters: max(100, max(box.width, box.height) * 0.04))
    }
}
