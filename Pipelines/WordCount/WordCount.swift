public import Dataflow
internal import Records
internal import Sinks
internal import Sources
internal import State
internal import Transforms

/// The tutorial: how often each word was written, minute by minute.
public struct WordCount: Pipeline {
    /// What `configs/pipelines/word-count.yaml` may change.
    public struct Parameters: Codable, Sendable {
        /// The topic of lines.
        public var lines = "lines"
        /// Seconds of a window.
        public var window = 60.0
        /// After how many silent seconds a partition follows the clock, so that the last lines are counted too.
        public var idleAfter = 10.0

        /// The defaults.
        public init() {}
    }

    /// The pipeline's name.
    public static let name = "word-count"
    /// The parameters without a configuration file.
    public static var defaults: Parameters { Parameters() }

    /// Makes the definition.
    public init() {}

    /// Names the operators.
    public func build(_ graph: GraphBuilder, _ parameters: Parameters) {
        let window = graph.seconds(parameters.window, parameter: "window", least: 0.001)
        let idle = graph.seconds(parameters.idleAfter, parameter: "idleAfter", least: 0.001)
        let lines = graph.source("lines", from: KafkaSource<Line>(parameters.lines))
        lines.rejected.sink("rejects", to: DeadLetters())
        let words = lines.accepted
            .assignTimestamps(
                "event-time",
                .boundedOutOfOrder(.seconds(5), idleAfter: idle, closesAfter: window),
                \.writtenAt
            )
            .flatMap("words") { $0.text.lowercased().split { !$0.isLetter }.map(String.init) }
            .keyBy("by-word", \.self)
            .window(.tumbling(window))
        words.late.sink("late", to: DeadLetters())
        words.aggregate("count", WordTally.self)
            .map("row") { WordTotal($0) }
            .sink("word-counts", to: KafkaSink("word-counts"))
    }
}
