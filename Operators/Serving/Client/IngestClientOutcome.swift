/// What became of a body that an ``IngestClient`` sent.
public enum IngestClientOutcome: Hashable, Sendable {
    /// The server took it, as a whole (202) or in part (422 with counts).
    case taken(accepted: Int, rejected: Int)
    /// The server refused it as a whole, with a status that trying again doesn't change.
    case refused(status: Int)
    /// It was given up: attempts ran out or the sender was cancelled. Some of it may have been taken.
    case failed(String)
}
