/// A mistake that a simulation makes on purpose, so that its oracle can be seen to notice it.
public enum SeededBug: String, CaseIterable, Sendable {
    /// A fenced owner commits all the same.
    case skipFencing
    /// Offsets are committed before the outputs that they account for.
    case offsetsBeforeOutputs
    /// A task goes on from an older snapshot than the decision names.
    case staleSnapshot
    /// Every try of an epoch bears the same name.
    case reusedAttempt
    /// A commit names no generation of the group.
    case anonymousCommit
    /// A commit leaves the checkpoint's name out.
    case erasedMetadata
    /// A watermark's marker is written before the records that it covers.
    case markerBeforeRecords
    /// What a client had fetched is dropped when its partition pauses.
    case pausedBatch
    /// Timers are not restored.
    case forgottenTimers
}
