internal import Foundation
internal import ObjectStore
internal import PostgresClient
internal import Records
internal import State

/// Where checkpoints lie: a directory, or `s3://bucket/prefix`.
struct CheckpointPlace: Sendable {
    /// What the user named.
    let text: String

    /// Opens the store, which must be there or be makeable.
    ///
    /// - Throws: `.invalidConfiguration`, `.storeUnavailable`.
    func open(
        _ environment: [String: String] = ProcessInfo.processInfo.environment
    ) throws -> any CheckpointStore {
        S3Location.isURL(text)
            ? try S3CheckpointStore(url: text, environment: environment)
            : try DirectoryCheckpointStore(text)
    }

    /// Who gives a stage's threads their slots: the database, or without one files beside the checkpoints.
    ///
    /// - Throws: `.invalidConfiguration` where there is neither: what lies in S3 may be shared by machines
    ///   whose files are not.
    func slots(
        _ postgres: PostgresConfiguration?, owner: String, run: String, stage: String
    ) throws -> any SlotHolder {
        if let postgres {
            return PostgresSlotHolder(postgres, owner: owner, run: run, stage: stage)
        }
        guard !S3Location.isURL(text) else {
            throw DataflowError(
                .invalidConfiguration, domain: .user,
                "exactly-once with checkpoints in \(text) leases its slots in PostgreSQL: set "
                    + "DATABASE_URL, or keep checkpoints in a directory")
        }
        return try FileSlotHolder(root: text, run: run, stage: stage)
    }
}
