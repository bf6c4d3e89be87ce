import Testing

/// What every log must do, run against any of them.
///
/// A suite lists ``Case/allCases`` as its arguments and calls ``run(_:)``.
package struct LogContract {
    /// One promise of the contract.
    package enum Case: String, CaseIterable, Sendable {
        case order = "records of a partition keep their order, offsets only grow"
        case explicitOffset = "reading begins at the offset that was asked for"
        case incremental = "partitions come and go while others are read"
        case reassign = "a partition that comes back begins where it is told to"
        case reassignInside = "a partition may begin anew while a batch of it is handed over"
        case commit = "what a group committed comes back with its metadata"
        case commitLimits = "metadata that does not fit is refused"
        case end = "the end of a partition is told, and told again"
        case bounds = "bounds name the first record and the end"
        case offsetForTime = "a time finds its first record"
        case presence = "tombstones, empty values and absent keys stay what they are"
        case times = "a record keeps its time"
        case headers = "headers do not disturb what they travel with"
        case tokens = "every batch is reported once"
        case bigBatch = "a big batch is read in batches of the size asked for"
        case keyless = "the client spreads records without a partition"
        case unknownPartition = "a partition that is not there is an error in the report"
        case unknownTopic = "a topic that is not there is an error"
        case badBatch = "a batch that points outside itself is refused"
        case outOfRange = "an offset that the log does not hold is an error that names it"
        case unassigned = "a partition that is not assigned can't be read"
        case groupSharing = "a group shares partitions and hands them over"
    }

    let fixture: any LogFixture

    /// A contract for one log.
    package init(_ fixture: any LogFixture) { self.fixture = fixture }

    /// Checks one promise.
    package func run(_ item: Case) throws {
        switch item {
        case .order: try order()
        case .explicitOffset: try explicitOffset()
        case .incremental: try incremental()
        case .reassign: try reassign()
        case .reassignInside: try reassignInside()
        case .commit: try commit()
        case .commitLimits: try commitLimits()
        case .end: try end()
        case .bounds: try bounds()
        case .offsetForTime: try offsetForTime()
        case .presence: try presence()
        case .times: try times()
        case .headers: try headers()
        case .tokens: try tokens()
        case .bigBatch: try bigBatch()
        case .keyless: try keyless()
        case .unknownPartition: try unknownPartition()
        case .unknownTopic: try unknownTopic()
        case .badBatch: try badBatch()
        case .outOfRange: try outOfRange()
        case .unassigned: try unassigned()
        case .groupSharing: try groupSharing()
        }
    }
}
