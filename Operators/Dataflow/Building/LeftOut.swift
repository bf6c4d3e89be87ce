public import Records

/// What an operator has left out for want of room, in this life of its task.
public struct LeftOut: Sendable {
    /// Whose state is incomplete.
    public let operatorID: OperatorID
    /// When the first record was left out, by the clock.
    public let since: EventTime
    /// The operator's bound of keys, if that was what it met first; else there was no room in the task or its process.
    public let keyBound: Int?
    /// How many records so far.
    public internal(set) var records: Int64 = 1
}

extension TaskContext {
    /// Counts a record that an operator has left out for want of room.
    ///
    /// - Parameter keyBound: the operator's bound of keys, when it was met.
    public func leaveOut(_ operatorID: OperatorID, keyBound: Int? = nil) {
        if let place = leftOut.firstIndex(where: { $0.operatorID == operatorID }) {
            leftOut[place].records += 1
        } else {
            leftOut.append(LeftOut(operatorID: operatorID, since: now, keyBound: keyBound))
        }
    }
}
