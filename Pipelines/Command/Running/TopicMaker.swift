internal import Dataflow
internal import Foundation
internal import KafkaClient
internal import Records

/// Creates a pipeline's topics.
enum TopicMaker {
    /// How often it is asked for topics that were created and that the cluster doesn't tell of yet.
    static let maximumQuestions = 100
    /// The pause between two questions.
    static let pauseMicroseconds: UInt32 = 100_000

    /// Creates what is missing of topics.
    ///
    /// - Parameter copies: of each partition; nil: the cluster's default.
    /// - Returns: how many partitions each topic of the cluster has, and what those of the pipeline refuse.
    static func create(
        _ topics: [TopicSpec], copies: Int32?, _ kafka: KafkaConfiguration
    ) throws -> (partitions: [String: Int32], limits: [String: TopicLimits]) {
        let admin = try KafkaAdmin(kafka)
        defer { admin.close() }
        let present = try admin.topics()
        let missing = topics.filter { present[$0.name] == nil }
        return (
            missing.isEmpty ? present : try make(missing, copies: copies, admin),
            // A cluster need not tell: then the client's own bound is all that is known.
            (try? admin.limits(of: topics.map(\.name))) ?? [:]
        )
    }

    /// Creates topics, and asks how many partitions they have: another worker may have created them first, with
    /// another number.
    static func make(
        _ missing: [TopicSpec], copies: Int32?, _ admin: KafkaAdmin
    ) throws -> [String: Int32] {
        try admin.createTopics(missing, replicas: copies)
        for _ in 0..<maximumQuestions {
            let present = try admin.topics()
            if missing.allSatisfy({ present[$0.name] != nil }) { return present }
            usleep(pauseMicroseconds)
        }
        let names = missing.map(\.name).joined(separator: ", ")
        throw DataflowError(
            .logUnavailable, domain: .external, retry: .backoff,
            "the cluster doesn't tell of topics that were created: \(names)")
    }
}
