public import Dataflow
internal import Records
public import State

/// How many partitions the inputs of a stage had when a run of it began, kept beside its checkpoints: state
/// kept by a topic's own key is lost to keys that move to other partitions.
public struct StageLayout {
    /// The largest number of partitions that is believed in.
    static let maximumPartitions: Int32 = 1_000_000

    /// Checks that the topics of a stage have as many partitions as when the run began, and as each other.
    ///
    /// - Returns: how many they have; nil for a stage that any number is right for.
    /// - Throws: `.incompatibleState` with the way out.
    public static func verify(
        _ stage: Stage, run: String, store: any CheckpointStore,
        partitions: (String) throws -> Int32
    ) throws -> Int32? {
        guard stage.needsFixedPartitions, let first = stage.topics.first else { return nil }
        let count = try partitions(first)
        for topic in stage.topics.dropFirst() {
            let other = try partitions(topic)
            if other == count { continue }
            throw DataflowError(
                .incompatibleState, domain: .user,
                "stage \(stage.name) joins partitions of the same number, but \(first) has \(count) and "
                    + "\(topic) has \(other): give both as many, or write one through a keyBy of its own"
            )
        }
        let name = "\(run)/\(stage.name)/partitions"
        let text = Array("\(count)".utf8)
        for _ in 0..<2 {
            if let found = try store.read(name) {
                let known = Int32(String(decoding: found, as: UTF8.self))
                guard let known, (1...maximumPartitions).contains(known) else {
                    throw DataflowError(
                        .corruptCheckpoint, domain: .external, "\(name) holds no number")
                }
                if known != count {
                    throw refusal(of: first, stage: stage.name, from: known, to: count)
                }
                return count
            }
            // Somebody who starts at the same moment may be first.
            do {
                try store.create(name, text)
            } catch let error as DataflowError where error.code == .invariant {
                continue
            }
            return count
        }
        return count
    }

    /// Why a stage does not go on over a topic that got partitions.
    static func refusal(
        of topic: String, stage: String, from known: Int32, to count: Int32
    ) -> DataflowError {
        DataflowError(
            .incompatibleState, domain: .user,
            "\(topic) had \(known) partitions when this run began and has \(count): keys have moved, and the "
                + "state that stage \(stage) keeps by them has not. Start the pipeline under another run's "
                + "name, so that its state is built anew, or copy the records to a topic of \(known) partitions"
        )
    }
}
