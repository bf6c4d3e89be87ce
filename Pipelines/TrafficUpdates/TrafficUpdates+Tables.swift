public import Dataflow
internal import Records
public import RoadNetwork
public import State

extension TrafficUpdates {
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

    /// One row a segment of the map: what is believed where nobody has driven.
    public static let trafficFreeFlow = TableSpec(
        "traffic_free_flow",
        columns: [.init("segment_id", .integer), .init("free_flow_kmh", .double)],
        key: ["segment_id"])

    /// The rows of ``trafficFreeFlow``, by the map that the pipeline runs on.
    public static func freeFlow(of roads: RoadGraph) -> [[TableValue]] {
        (0..<roads.segmentCount).map { segment in
            [
                .integer(Int64(bitPattern: roads.id(of: segment).rawValue)),
                .double(roads.freeFlowSpeed(segment) * 3.6),
            ]
        }
    }

    /// The map that the pipeline runs on, loaded once a process.
    public func roads(_ graph: GraphBuilder, _ p: Parameters) -> Resource<RoadGraph> {
        let loadMap = loadMap
        return graph.resource("roads", fingerprint: \.fingerprint) { try loadMap(p.map) }
    }

    /// What stands beside the tables: the newest window of each segment, the bin of a moment, and the speed to believe
    /// in at a moment and now: live passages blended with the profile, and that with free flow, by their number.
    ///
    /// What the clocks show is told by the database's own knowledge of the zone.
    public static func views(_ p: Parameters) -> [String] {
        [
            newestView, SpeedPrior.sqlFunction, binFunction(p.timeZone), estimateFunction,
            estimateView,
        ]
    }

    private static let newestView = """
        CREATE OR REPLACE VIEW live_traffic_now AS
        SELECT DISTINCT ON (segment_id) * FROM live_traffic ORDER BY segment_id, window_start DESC
        """

    private static let estimateView = """
        CREATE OR REPLACE VIEW traffic_estimate AS SELECT * FROM traffic_estimate_at(now())
        """

    /// The bin that a moment lies in, as ``WeekClock`` tells it.
    private static func binFunction(_ timeZone: String) -> String {
        // A name of the catalogue has no quote; nothing else is a parameter that passes.
        let zone = timeZone.replacing("'", with: "''")
        let count = WeekBin.count
        return """
            CREATE OR REPLACE FUNCTION traffic_bin(moment timestamptz)
            RETURNS integer LANGUAGE sql STABLE AS $$
            SELECT (((floor(extract(epoch FROM moment AT TIME ZONE '\(zone)') / 300)::bigint
                + \(WeekBin.offset)) % \(count) + \(count)) % \(count))::integer
            $$
            """
    }

    private static let estimateFunction = """
        CREATE OR REPLACE FUNCTION traffic_estimate_at(moment timestamptz)
        RETURNS TABLE (segment_id bigint, speed_kmh double precision, live_traversals bigint,
            profile_traversals double precision, free_flow_kmh double precision)
        LANGUAGE sql STABLE AS $$
        WITH live AS (
            SELECT DISTINCT ON (now.segment_id) now.segment_id, now.speed_kmh, now.traversals
            FROM live_traffic now
            WHERE now.window_start > moment - interval '10 minutes' AND now.window_start <= moment
            ORDER BY now.segment_id, now.window_start DESC),
        profile AS (
            SELECT week.* FROM traffic_profile week WHERE week.bin = traffic_bin(moment))
        SELECT segment_id,
            \(SpeedPrior.sqlName)(
                \(SpeedPrior.sqlName)(
                    coalesce(free.free_flow_kmh, profile.free_flow_kmh), profile.speed_kmh,
                    profile.traversals),
                live.speed_kmh, live.traversals),
            coalesce(live.traversals, 0), coalesce(profile.traversals, 0),
            coalesce(free.free_flow_kmh, profile.free_flow_kmh)
        FROM traffic_free_flow free
            FULL JOIN profile USING (segment_id) FULL JOIN live USING (segment_id)
        $$
        """
}
