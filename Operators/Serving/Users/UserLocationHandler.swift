public import Logging
internal import Records

/// Answers `GET /v1/users/{id}/locations` from a ``UserLocationStore``.
///
/// Parameters, all optional: `from` (inclusive) and `to` (exclusive), each an ISO 8601 time with a zone
/// or Unix seconds or milliseconds; `limit`, the length of a page; `latest=true`, the newest position
/// alone; `cursor`, the `next` of the page before. The reply is
///
///     {"user_id": "u-17", "locations": [{"observed_at": "2016-11-22T15:00:00.000Z",
///      "latitude": 49.4874, "longitude": 8.466, "user_mode": "active",
///      "navigation_mode": "driving"}], "next": "1479826800001"}
///
/// ascending by time, with `"next": null` on the last page. 400 says which parameter is at fault, 404
/// that nothing is known of the user, 503 that the store failed. A page is bounded, so the reply is too.
public struct UserLocationHandler: Sendable {
    private let store: any UserLocationStore
    private let defaultLimit: Int
    private let largestLimit: Int
    private let userBytes: Int
    private let logger: Logger

    /// Makes a handler.
    ///
    /// - Parameters:
    ///   - store: What is asked.
    ///   - defaultLimit: Positions of a page without `limit`.
    ///   - largestLimit: Positions that a page may have.
    ///   - userBytes: Bytes of the longest user's id.
    ///   - logger: Takes the store's failures.
    public init(
        _ store: any UserLocationStore, defaultLimit: Int = 1_000, largestLimit: Int = 10_000,
        userBytes: Int = 128, logger: Logger = Logger(label: "millrace.http")
    ) {
        self.store = store
        self.defaultLimit = min(defaultLimit, largestLimit)
        self.largestLimit = largestLimit
        self.userBytes = userBytes
        self.logger = logger
    }

    /// The route of this handler.
    public var route: HTTPRoute {
        .get("/v1/users/{id}/locations") { await reply(to: $0) }
    }

    /// Answers a request with the path's parameter `id`.
    public func reply(to request: IngestRequest) async -> IngestReply {
        let query: UserLocationQuery
        do throws(UserLocationQuery.Fault) {
            query = try UserLocationQuery(
                request, defaultLimit: defaultLimit, largestLimit: largestLimit,
                userBytes: userBytes)
        } catch {
            return .error(400, code: "bad-parameter", message: error.message)
        }
        do {
            if query.isLatest {
                guard let latest = try await store.latest(user: query.user) else {
                    return UserLocationHandler.unknownUser
                }
                return UserLocationHandler.page(query.user, [latest], next: nil)
            }
            return try await range(query)
        } catch {
            logger.error("user locations could not be read", metadata: ["error": "\(error)"])
            return .error(
                503, code: "store-unavailable", message: "the positions can't be read now",
                retryAfterSeconds: 1)
        }
    }

    private func range(_ query: UserLocationQuery) async throws -> IngestReply {
        // One more than the page tells whether there is another.
        var found: [UserLocation] = []
        if query.from < query.to {
            found = try await store.range(
                user: query.user, from: query.from, to: query.to, limit: query.limit + 1)
        }
        if found.isEmpty, try await store.latest(user: query.user) == nil {
            return UserLocationHandler.unknownUser
        }
        let page = found.prefix(query.limit)
        let next = found.count > page.count ? found[page.count].observedAt : nil
        return UserLocationHandler.page(query.user, page, next: next)
    }

    private static let unknownUser = IngestReply.error(
        404, code: "unknown-user", message: "nothing is known of this user")

    private static func page(
        _ user: String, _ locations: some Collection<UserLocation>, next: EventTime?
    ) -> IngestReply {
        var text = JSONText(capacity: 64 + locations.count * 144)
        text.object { text in
            text.name("user_id")
            text.string(user)
            text.name("locations")
            text.list { text in
                for location in locations { append(location, to: &text) }
            }
            text.name("next")
            if let next { text.string(String(next.milliseconds)) } else { text.null() }
        }
        return IngestReply(status: 200, body: text.bytes)
    }

    private static func append(_ location: UserLocation, to text: inout JSONText) {
        text.object {
            $0.name("observed_at")
            $0.string(location.observedAt.description)
            $0.name("latitude")
            $0.number(location.latitude)
            $0.name("longitude")
            $0.number(location.longitude)
            $0.name("user_mode")
            $0.string(location.userMode)
            $0.name("navigation_mode")
            $0.string(location.navigationMode)
        }
    }
}
