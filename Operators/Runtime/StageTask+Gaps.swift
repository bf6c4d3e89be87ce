internal import Dataflow
internal import Records

extension StageTask {
    /// What operators have left out for want of room since this life of the task began.
    var gaps: [Obstacle] {
        chain.context.leftOut.flatMap { gap in
            let why =
                gap.keyBound.map { "its bound is \($0) keys" }
                ?? "it leaves half of what the task, or all tasks of the process, may keep to others"
            return topics.map { topic in
                Obstacle(
                    partition: topic, since: gap.since,
                    error: DataflowError(
                        .limitExceeded, domain: .user,
                        "\(gap.operatorID) has left out \(gap.records) records, as \(why): spread it over more "
                            + "partitions and machines, or raise the bound",
                        operatorID: gap.operatorID, partition: topic),
                    isBlocking: false)
            }
        }
    }
}
