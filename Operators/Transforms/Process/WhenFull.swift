/// What a process operator does when there is no room for another key.
public enum WhenFull: Hashable, Sendable {
    /// The task reads no more until there is room: nothing is missing, and nothing goes on.
    case stop
    /// The record is left out and counted, and the task goes on: for state that may be incomplete. It also leaves
    /// room to others: from half of a bound of the task or its process on no new key is taken, from three quarters
    /// on no record at all (`StateRoom`).
    case leaveOut
}
