internal import Records
internal import TrafficUpdates

/// One record of the topic `traversals`, a passage that was told or taken back, and when what it follows from was sent.
struct Telling {
    let passage: SegmentTraversal
    /// The location behind the end of the passage.
    let completed: EventTime
    /// The location that has led to this being said: a later one where the matcher wasn't sure before, and one that
    /// was overtaken where it has shown otherwise.
    let caused: EventTime

    /// Whether two records count for the same in the same row.
    func counts(like other: Telling) -> Bool {
        passage.segment == other.passage.segment
            && passage.enteredAt == other.passage.enteredAt
            && passage.leftAt == other.passage.leftAt && passage.length == other.passage.length
            && passage.freeFlowSeconds == other.passage.freeFlowSeconds
    }
}
