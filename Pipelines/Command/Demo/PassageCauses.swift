internal import KafkaClient
internal import LocationIngest
internal import MapMatching
internal import Records
internal import RoadNetwork
internal import TrafficUpdates

/// Which location has led to each passage that was told or taken back.
///
/// The topic `traversals` doesn't say; so the pipeline's matcher follows the locations once more, in the order in which
/// the log has them, which is the order in which the pipeline has taken them.
struct PassageCauses {
    /// The sendings of the causes of each record, in the order in which such a record was told.
    private var causes: [SegmentTraversal: [EventTime]] = [:]

    /// Knows of no cause.
    init() {}

    /// Follows the locations of a topic.
    ///
    /// - Parameter sending: when a user's location of a time was sent; nil for those whose passages aren't timed.
    init(
        topic: String, _ kafka: KafkaConfiguration, _ trips: TripFollower, since start: EventTime,
        users: FleetUsers, sending: (_ user: String, _ observedAt: EventTime) -> EventTime?
    ) throws {
        var trips = trips
        try TopicScan.read(topic, kafka, as: LocationUpdate.self) { location in
            guard location.observedAt >= start, location.isPlausible,
                users.vehicle(ofUserID: location.userID) != nil
            else { return }
            take(location, &trips, sentAt: sending(location.userID, location.observedAt))
        }
    }

    /// Takes the next location; what it leads to is remembered when it is known when it was sent.
    mutating func take(
        _ location: LocationUpdate, _ trips: inout TripFollower, sentAt sent: EventTime?
    ) {
        let passages = trips.take(location.observation, of: location.userID).passages
        guard let sent else { return }
        for passage in passages { causes[passage, default: []].append(sent) }
    }

    /// When the location was sent that has led to a record of the topic; records that are alike are asked for in
    /// their order.
    mutating func next(for record: SegmentTraversal) -> EventTime? {
        guard let first = causes[record]?.first else { return nil }
        causes[record]?.removeFirst()
        return first
    }
}
