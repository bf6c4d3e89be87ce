public import Dataflow
internal import Records
internal import Sinks
internal import Sources
public import State
internal import Transforms

/// Vehicle locations: in over HTTP, onto the topic `locations`, and into the table `user_location`.
///
/// The first stage writes the topic and answers when the log has it; the second reads the topic and keeps
/// the table, so that rows are exactly what the log says, however often a client repeats itself.
public struct LocationIngest: Pipeline {
    /// What `configs/pipelines/location-ingest.yaml` may change.
    public struct Parameters: Codable, Sendable {
        /// The topic of accepted locations, keyed by user.
        public var locations = "locations"
        /// What a request may hold.
        public var limits = LocationLimits()

        /// The defaults.
        public init() {}
    }

    /// The pipeline's name.
    public static let name = "location-ingest"
    /// The parameters without a configuration file.
    public static var defaults: Parameters { Parameters() }

    /// Makes the definition.
    public init() {}

    /// Names the operators.
    public func build(_ graph: GraphBuilder, _ parameters: Parameters) {
        for (name, value) in parameters.limits.counts where value < 1 {
            graph.fault(parameter: "limits.\(name)", "is \(value); it is at least 1")
        }
        let requests = graph.source("http", from: PushSource<LocationUpdate>())
        requests.rejected.sink("rejects", to: DeadLetters())
        requests.accepted.sink("locations", to: KafkaSink(parameters.locations))

        let stored = graph.source("stored", from: KafkaSource<LocationUpdate>(parameters.locations))
        stored.rejected.sink("unreadable", to: DeadLetters())
        stored.accepted.sink(
            "user-location", to: PostgresUpsert(LocationIngest.userLocation) { $0.row })
    }

    /// One row a user and time, partitioned by day.
    public static let userLocation = TableSpec(
        "user_location",
        columns: [
            .init("user_id", .text), .init("observed_at", .time), .init("latitude", .double),
            .init("longitude", .double), .init("user_mode", .text),
            .init("navigation_mode", .text),
        ], key: ["user_id", "observed_at"], dayPartitionColumn: "observed_at")
}

extension LocationUpdate {
    /// The row of ``LocationIngest/userLocation``.
    var row: RowChange {
        .upsert([
            .text(userID), .time(observedAt), .double(latitude), .double(longitude),
            .text(userMode.name), .text(navigationMode.name),
        ])
    }
}
