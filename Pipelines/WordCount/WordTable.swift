public import Dataflow
internal import Records
internal import Sinks
internal import Sources
public import State

/// The tutorial's second half: what word-count publishes, as a table.
///
/// A pipeline of its own, as the topic between the two is anybody's.
public struct WordTable: Pipeline {
    /// What `configs/pipelines/word-table.yaml` may change.
    public struct Parameters: Codable, Sendable {
        /// The topic of totals.
        public var counts = "word-counts"

        /// The defaults.
        public init() {}
    }

    /// The pipeline's name.
    public static let name = "word-table"
    /// The parameters without a configuration file.
    public static var defaults: Parameters { Parameters() }

    /// The table: how often each word was written in each window.
    public static let table = TableSpec(
        "word_totals",
        columns: [
            .init("word", .text), .init("window_start", .time), .init("total", .integer),
        ], key: ["word", "window_start"])

    /// Makes the definition.
    public init() {}

    /// Names the operators.
    public func build(_ graph: GraphBuilder, _ parameters: Parameters) {
        let totals = graph.source("totals", from: KafkaSource<WordTotal>(parameters.counts))
        totals.rejected.sink("rejects", to: DeadLetters())
        totals.accepted.sink(
            "word-totals",
            to: PostgresUpsert(WordTable.table) { total in
                .upsert([
                    .text(total.word), .time(total.windowStart), .integer(Int64(total.count)),
                ])
            })
    }
}
