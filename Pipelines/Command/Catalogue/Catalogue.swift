internal import Dataflow
internal import Fleet
internal import LocationIngest
internal import Records
internal import RoadNetwork
internal import State
internal import TrafficUpdates
internal import WordCount

/// The pipelines that this binary holds.
enum Catalogue {
    /// The seed of the city that stands in for a map.
    static let citySeed: UInt64 = 1

    /// All pipelines, in the order in which data meets them.
    static let entries: [PipelineEntry] = [
        PipelineEntry(
            LocationIngest.self,
            summary: "vehicle locations: HTTP -> topic locations -> table user_location",
            tables: [LocationIngest.userLocation]),
        PipelineEntry(
            TrafficUpdates.self,
            summary: "topic locations -> speed per road segment and minute: table live_traffic",
            tables: [
                TrafficUpdates.liveTraffic, TrafficUpdates.trafficProfile,
                TrafficUpdates.trafficFreeFlow,
            ],
            views: { TrafficUpdates.views($0) },
            upkeep: {
                [AgeingTable(TrafficUpdates.liveTraffic.name, by: "window_end", keep: $0.keep)]
            },
            reference: { pipeline, graph, parameters in
                let roads = try pipeline.roads(graph, parameters).get()
                return ReferenceRows(
                    table: TrafficUpdates.trafficFreeFlow,
                    version: String(roads.fingerprint, radix: 16)
                ) { TrafficUpdates.freeFlow(of: roads) }
            },
            make: { TrafficUpdates(loadMap: { try map(at: $0) }) }),
        PipelineEntry(
            WordCount.self, summary: "the tutorial: topic lines -> words per minute"),
        PipelineEntry(
            WordTable.self, summary: "the tutorial: words per minute -> table word_totals",
            tables: [WordTable.table]),
    ]

    /// The pipeline of a name.
    ///
    /// - Throws: an error that lists the names there are.
    static func entry(_ name: String) throws -> PipelineEntry {
        if let entry = entries.first(where: { $0.name == name }) { return entry }
        throw DataflowError(
            .invalidConfiguration, domain: .user,
            "there is no pipeline \(name); there are \(entries.map(\.name).joined(separator: ", "))"
        )
    }

    /// The roads of an OSM PBF file, or of the synthetic city for an empty path.
    static func map(at path: String) throws -> RoadGraph {
        path.isEmpty
            ? try SyntheticCity.make(seed: citySeed) : try RoadGraph(contentsOfOSMFile: path)
    }
}
