internal import BrokerModel

/// Which syncs may wait for which: those that somebody is to be answered after, and the rest.
package enum SyncLane: CaseIterable, Sendable {
    /// The journal, and topics whose records are answered when they are durable.
    case prompt
    /// What is made durable from time to time.
    case background
}

/// A sync to be run on another thread: files of one partition, or of the journal.
package struct SyncJob: Sendable {
    /// Names the job to the engine.
    package let number: UInt64
    /// What is synced, in this order.
    let files: [any LogFile]

    /// Runs the job; returns what went wrong.
    package func run() -> FileError? {
        for file in files {
            do throws(FileError) { try file.sync() } catch { return error }
        }
        return nil
    }
}

/// What a sync makes durable once it has run.
struct SyncTarget {
    /// nil for the journal.
    var partition: Partition?
    /// Keeps the topic alive, though it be deleted meanwhile.
    var topic: Topic?
    var segments: [(segment: Segment, size: Int64)] = []
    /// The end of the log, or of the journal, when the job was made.
    var upTo: Int64
    var incarnation = 0
    /// The state at a roll, to be kept as a snapshot once everything below it is durable.
    var snapshot: PartitionLog?
    /// Whether names in the partition's folder have to be made durable, too.
    var hasNewNames = false
}

/// Something that is done once the journal is durable up to a place.
struct JournalWaiter {
    var position: Int64
    /// Who is answered then; cut off when it can't be.
    var connection: ClientConnection?
    var action: () -> Void
}
