public import Dataflow
internal import Glibc
internal import LocationIngest
public import MapMatching
internal import Records
public import RoadNetwork
internal import Sinks
internal import Sources
internal import Transforms

/// Live speed per road segment: vehicle locations in, one row per segment and minute out (`live_traffic`;
/// `live_traffic_now` has the newest of each).
public struct TrafficUpdates: Pipeline {
    /// What `configs/pipelines/traffic-updates.yaml` may change.
    public struct Parameters: Codable, Sendable {
        /// An OSM PBF file, or empty: the synthetic city.
        public var map = ""
        /// The topic of locations, keyed by user.
        public var locations = "locations"
        /// Seconds of a window.
        public var window = 60.0
        /// By how many seconds locations may come out of order.
        public var outOfOrder = 10.0
        /// After how many seconds the matcher decides on a location, whether later ones agree or not; nearly all
        /// are decided long before.
        public var matcherLag = 100.0
        /// By how many seconds undecided locations hold event time back, and with it final rows, at most; what
        /// is decided later revises a row.
        public var matcherHold = 8.0
        /// By how many seconds a location may be overtaken by later ones of its user and still be put where it
        /// belongs, 60 at most.
        ///
        /// Nothing waits for it: what was said too early is taken back. At `outOfOrder` no order of arrival
        /// changes a final row; at 0 a location that was overtaken is placed and moves no passage.
        public var reorder = 10.0
        /// How many seconds behind its end a window may still be revised.
        public var lateness = 120.0
        /// Every how many seconds an unfinished window is published.
        public var early = 3.0
        /// By how many seconds a location may lie ahead of the clock; one further ahead is refused, as it would
        /// take event time with it.
        public var ahead = 60.0
        /// After how many silent seconds a partition follows the clock.
        public var idleAfter = 30.0
        /// How many distinct vehicles a published speed is made of, at least.
        public var minimumVehicles = 3
        /// How many metres of a trip's beginning leave no passage behind.
        public var trimStart = 50.0
        /// How many metres of a trip's end leave no passage behind.
        ///
        /// Each passage waits until the vehicle is so far behind it, and its row with it. The segment on which a
        /// trip ends is never given out.
        public var trimEnd = 0.0
        /// What a week of the profile counts for in the next.
        public var profileDecay = 0.85
        /// The most pairs of segment and bin that a task of the profile keeps; it takes no new ones as soon as half
        /// of what its task, or all tasks of the process, may keep is filled, too.
        public var profileKeys = 10_000_000
        /// The time zone by whose clocks the bins of the week go, by its IANA name.
        public var timeZone = "UTC"
        /// A file with the secret key of the pseudonyms that stand for users; empty: a key that everybody knows,
        /// for development.
        public var pseudonymKeyFile = ""
        /// The topic that tells where each location was placed, with the user's id; empty: nobody is told.
        public var matchedLocations = ""
        /// The topic that tells each passage at once, before `minimumVehicles` have passed, with the exact times and
        /// a number that is the user's for a day; empty: nobody is told.
        public var traversals = ""
        /// For how many seconds rows of `live_traffic` are kept, counted from the newest row's window, and with the
        /// clock once none comes any more.
        public var keep = 86_400.0

        /// The defaults.
        public init() {}

        /// The clocks that the week goes by; a zone that isn't known is a fault of the definition.
        var week: WeekClock { WeekClock(timeZone: timeZone) ?? WeekClock() }

        /// The matcher's settings that follow.
        public var matcher: MatcherSettings {
            var settings = MatcherSettings()
            // What can't be a lag is a fault of the definition; it must not end the process before.
            settings.lagBound = Int64(exactly: (matcherLag * 1_000).rounded()) ?? settings.lagBound
            return settings
        }
    }

    /// The pipeline's name.
    public static let name = "traffic-updates"
    /// The parameters without a configuration file.
    public static var defaults: Parameters { Parameters() }

    let loadMap: @Sendable (String) throws -> RoadGraph

    /// Makes the definition, with maps read from files.
    public init() {
        self.init { try RoadGraph(contentsOfOSMFile: $0) }
    }

    /// Makes the definition.
    ///
    /// - Parameter loadMap: reads the map that the parameters name.
    public init(loadMap: @escaping @Sendable (String) throws -> RoadGraph) {
        self.loadMap = loadMap
    }

    /// Names the operators.
    public func build(_ graph: GraphBuilder, _ p: Parameters) {
        check(p, graph)
        let outOfOrder = graph.seconds(p.outOfOrder, parameter: "outOfOrder")
        _ = graph.seconds(p.reorder, parameter: "reorder")
        let ahead = graph.seconds(p.ahead, parameter: "ahead")
        let idleAfter = graph.seconds(p.idleAfter, parameter: "idleAfter", least: 0.001)
        _ = graph.seconds(p.matcherLag, parameter: "matcherLag", least: 0.001)
        let matcherHold = graph.seconds(p.matcherHold, parameter: "matcherHold", least: 0.001)
        let window = graph.seconds(p.window, parameter: "window", least: 0.001)
        let lateness = graph.seconds(p.lateness, parameter: "lateness")
        let early = graph.seconds(p.early, parameter: "early", least: 0.001)
        let week = p.week
        let roads = roads(graph, p)

        let locations = graph.source("locations", from: KafkaSource<LocationUpdate>(p.locations))
        locations.rejected.sink("rejects", to: DeadLetters())
        let timely = locations.accepted
            .filter("plausible") { $0.isPlausible }
            .refuseAhead("timely", by: ahead, \.observedAt)
        timely.rejected.sink("ahead", to: DeadLetters())
        let matched = timely.accepted
            .assignTimestamps(
                "event-time",
                .boundedOutOfOrder(
                    outOfOrder, idleAfter: idleAfter, closesAfter: closing(p)),
                \.observedAt
            )
            .keyBy("by-user", \.userID)  // the topic's own key: no shuffle
            .process(
                "map-match", with: roads,
                ProcessOptions(timeToLive: .seconds(3_600), maximumHold: matcherHold)
            ) {
                try MatchLocations(roads: $0, parameters: p)
            }
        if !p.matchedLocations.isEmpty {
            matched
                .compactMap("matched") { $0.location }
                .sink("matched-locations", to: KafkaSink(p.matchedLocations))
        }

        let traversals = matched.compactMap("passed") { $0.traversal }
        if !p.traversals.isEmpty { traversals.sink("traversals", to: KafkaSink(p.traversals)) }
        profile(traversals, p, lateness: lateness, week: week)
        let windows =
            traversals
            .map("as-vehicle") { $0.asVehicle }
            .keyBy("by-segment", \.segment)  // another key: a second stage
            .window(
                .tumbling(window).allowingLateness(lateness).emit(every: early))
        windows.late.sink("late", to: DeadLetters())
        let speeds =
            windows
            .aggregate("speed", SegmentSpeed.self)  // summed before the shuffle, merged behind it
            .filter("private-enough") { $0.vehicles >= p.minimumVehicles }
            .map("update") { TrafficUpdate($0) }
        speeds.sink("traffic-updates", to: KafkaSink("traffic-updates"))
        speeds.sink(
            "live-traffic", to: PostgresUpsert(TrafficUpdates.liveTraffic) { $0.row })
    }
}
