package import PostgresClient
package import Records

/// The positions of users in the table `user_location`.
package struct PostgresUserLocationStore: UserLocationStore {
    private let pool: PostgresPool

    /// Reads through `pool`.
    package init(_ pool: PostgresPool) { self.pool = pool }

    private static let columns =
        "SELECT observed_at, latitude, longitude, user_mode, navigation_mode FROM user_location"

    /// The newest position; the key's index is read backwards.
    package func latest(user: String) async throws -> UserLocation? {
        try await pool.withConnection { connection in
            let result = try connection.query(
                "\(Self.columns) WHERE user_id = $1 ORDER BY observed_at DESC LIMIT 1",
                [.text(user)])
            return try result.first.map(Self.location)
        }
    }

    /// Positions of a range of time, ascending.
    package func range(
        user: String, from: EventTime, to: EventTime, limit: Int
    ) async throws -> [UserLocation] {
        try await pool.withConnection { connection in
            let result = try connection.query(
                "\(Self.columns) WHERE user_id = $1 AND observed_at >= $2 AND observed_at < $3"
                    + " ORDER BY observed_at LIMIT $4",
                [.text(user), .time(from), .time(to), .integer(Int64(limit))])
            return try result.map(Self.location)
        }
    }

    private static func location(_ row: PostgresRow) throws -> UserLocation {
        UserLocation(
            observedAt: try row.value(0, as: EventTime.self),
            latitude: try row.value(1, as: Double.self),
            longitude: try row.value(2, as: Double.self),
            userMode: try row.value(3, as: String.self),
            navigationMode: try row.value(4, as: String.self))
    }
}
