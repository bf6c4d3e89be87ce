public import Dataflow
internal import Glibc
internal import LocationIngest
public import MapMatching
internal import Records
public import RoadNetwork
internal import Sinks
internal import Sources
public import State
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
        /// How many seconds a location is held back so that an earlier one may overtake it.
        ///
        /// At 0 a location that was overtaken is placed but moves no passage, and nothing waits; at `outOfOrder`
        /// no order of arrival changes a final row, and every row comes so much later.
        public var reorder = 0.0
        /// How many seconds behind its end a window may still be revised.
        public var lateness = 120.0
        /// Every how many seconds an unfinished window is published.
        public var early = 3.0
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
        /// For how many seconds rows of `live_traffic` are kept.
        public var keep = 86_400.0

        /// The defaults.
        public init() {}

        /// The matcher's settings that follow.
        public var matcher: MatcherSettings {
            var settings = MatcherSettings()
            // What can't be a lag is a fault of the definition; it must not end the process before.
            settings.lagBound = Int64(exactly: (matcherLag * 1_000).rounded()) ?? settings.lagBound
            settings.reorderBound = Int64(exactly: (reorder * 1_000).rounded()) ?? 0
            return settings
        }
    }

    /// The pipeline's name.
    public static let name = "traffic-updates"
    /// The parameters without a configuration file.
    public static var defaults: Parameters { Parameters() }

    private let loadMap: @Sendable (String) throws -> RoadGraph

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
        let loadMap = loadMap
        if !p.map.isEmpty, access(p.map, R_OK) != 0 {
            graph.fault(
                parameter: "map",
                "is \"\(p.map)\", which can't be read: \(String(cString: strerror(errno)))")
        }
        if p.minimumVehicles < 1 {
            graph.fault(
                parameter: "minimumVehicles", "is \(p.minimumVehicles); it is at least 1")
        }
        let outOfOrder = graph.seconds(p.outOfOrder, parameter: "outOfOrder")
        _ = graph.seconds(p.reorder, parameter: "reorder")
        _ = graph.seconds(p.keep, parameter: "keep", least: 1)
        if !(0...1).contains(p.profileDecay) {
            graph.fault(parameter: "profileDecay", "is \(p.profileDecay); it is 0 to 1")
        }
        for (name, metres) in [("trimStart", p.trimStart), ("trimEnd", p.trimEnd)]
        where !(0...MatchState.longestTrim).contains(metres) {
            graph.fault(
                parameter: name, "is \(metres); it is 0 to \(Int(MatchState.longestTrim)) metres")
        }
        let idleAfter = graph.seconds(p.idleAfter, parameter: "idleAfter", least: 0.001)
        _ = graph.seconds(p.matcherLag, parameter: "matcherLag", least: 0.001)
        let matcherHold = graph.seconds(p.matcherHold, parameter: "matcherHold", least: 0.001)
        let window = graph.seconds(p.window, parameter: "window", least: 0.001)
        let lateness = graph.seconds(p.lateness, parameter: "lateness")
        let early = graph.seconds(p.early, parameter: "early", least: 0.001)
        let roads = graph.resource("roads", fingerprint: \.fingerprint) { try loadMap(p.map) }

        let locations = graph.source("locations", from: KafkaSource<LocationUpdate>(p.locations))
        locations.rejected.sink("rejects", to: DeadLetters())
        let matched = locations.accepted
            .assignTimestamps(
                "event-time",
                .boundedOutOfOrder(outOfOrder, idleAfter: idleAfter),
                \.observedAt
            )
            .filter("plausible") { $0.isPlausible }
            .keyBy("by-user", \.userID)  // the topic's own key: no shuffle
            .process(
                "map-match", with: roads,
                ProcessOptions(timeToLive: .seconds(3_600), maximumHold: matcherHold)
            ) {
                MatchLocations(
                    roads: $0, settings: p.matcher, trimStart: p.trimStart, trimEnd: p.trimEnd)
            }
        matched
            .compactMap("matched") { $0.location }
            .sink("matched-locations", to: KafkaSink("matched-locations"))

        let traversals = matched.compactMap("passed") { $0.traversal }
        traversals.sink("traversals", to: KafkaSink("traversals"))
        profile(traversals, p, lateness: lateness)
        let windows =
            traversals
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

    /// One row a segment and five-minute bin of the week.
    public static let trafficProfile = TableSpec(
        "traffic_profile",
        columns: [
            .init("segment_id", .integer), .init("bin", .integer), .init("speed_kmh", .double),
            .init("variance", .double), .init("traversals", .double),
            .init("free_flow_kmh", .double), .init("updated_at", .time),
        ], key: ["segment_id", "bin"])

    /// One row a segment and window.
    public static let liveTraffic = TableSpec(
        "live_traffic",
        columns: [
            .init("segment_id", .integer), .init("window_start", .time),
            .init("window_end", .time), .init("speed_kmh", .double),
            .init("traversals", .integer), .init("vehicles", .integer),
            .init("revision", .integer), .init("deviation_kmh", .double),
            .init("p15_kmh", .double), .init("p50_kmh", .double), .init("p85_kmh", .double),
            .init("free_flow_ratio", .double), .init("level", .text),
        ], key: ["segment_id", "window_start"])

    /// What stands beside the tables: the newest window of each segment, and the speed to believe in now, live
    /// passages blended with the profile by their number.
    public static let views = [
        """
        CREATE OR REPLACE VIEW live_traffic_now AS
        SELECT DISTINCT ON (segment_id) * FROM live_traffic ORDER BY segment_id, window_start DESC
        """,
        """
        CREATE OR REPLACE VIEW traffic_estimate AS
        WITH moment AS (SELECT max(window_start) AS at FROM live_traffic),
        live AS (
            SELECT now.* FROM live_traffic_now now, moment
            WHERE now.window_start > moment.at - interval '10 minutes'),
        profile AS (
            SELECT week.* FROM traffic_profile week, moment
            WHERE week.bin = (floor(extract(epoch FROM moment.at) / 300)::bigint + 864) % 2016)
        SELECT segment_id,
            CASE
                WHEN profile.speed_kmh IS NULL OR profile.speed_kmh <= 0 THEN live.speed_kmh
                WHEN live.speed_kmh IS NULL OR live.speed_kmh <= 0 THEN profile.speed_kmh
                ELSE (live.traversals + \(SpeedPrior.weight))
                    / (live.traversals / live.speed_kmh + \(SpeedPrior.weight) / profile.speed_kmh)
            END AS speed_kmh,
            coalesce(live.traversals, 0) AS live_traversals,
            coalesce(profile.traversals, 0) AS profile_traversals
        FROM live FULL JOIN profile USING (segment_id)
        """,
    ]

    /// The statement that takes away rows of `live_traffic` older than ``Parameters/keep``, counted from the
    /// newest, so that history that is played again ages by its own time.
    public static func upkeep(_ p: Parameters) -> String {
        """
        DELETE FROM live_traffic
        WHERE window_end < (SELECT max(window_end) FROM live_traffic) - interval '\(p.keep) seconds'
        """
    }
}
