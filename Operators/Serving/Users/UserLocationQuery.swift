internal import Records

/// The parameters of `GET /v1/users/{id}/locations`, checked.
struct UserLocationQuery: Hashable {
    var user: String
    var from = EventTime(milliseconds: 0)
    /// The end of the year 9999, past which a time has no ISO 8601 text.
    var to = EventTime(milliseconds: 253_402_300_800_000)
    var limit: Int
    var isLatest = false

    /// What is wrong with a parameter.
    struct Fault: Error, Hashable {
        var message: String
    }

    /// Reads the parameters; the first one at fault is reported.
    init(
        _ request: IngestRequest, defaultLimit: Int, largestLimit: Int, userBytes: Int
    ) throws(Fault) {
        user = request.parameters["id"] ?? ""
        limit = defaultLimit
        guard !user.isEmpty, user.utf8.count <= userBytes, !user.utf8.contains(0) else {
            throw Fault(message: "the user's id isn't 1 to \(userBytes) bytes without NUL")
        }
        var seen: Set<String> = []
        var cursor: EventTime?
        for item in request.query {
            guard seen.insert(item.name).inserted else {
                throw Fault(message: "\(Self.quoted(item.name)) is given twice")
            }
            switch item.name {
            case "from": from = try Self.time(item)
            case "to": to = try Self.time(item)
            case "cursor":
                guard let milliseconds = Int64(item.value) else {
                    throw Fault(message: "cursor isn't the 'next' of an earlier reply")
                }
                cursor = EventTime(milliseconds: milliseconds)
            case "limit":
                guard let count = Int(item.value), (1...largestLimit).contains(count) else {
                    throw Fault(message: "limit isn't a whole number from 1 to \(largestLimit)")
                }
                limit = count
            case "latest":
                guard let flag = ["true": true, "1": true, "false": false, "0": false][item.value]
                else { throw Fault(message: "latest is neither true nor false") }
                isLatest = flag
            default:
                throw Fault(
                    message:
                        "\(Self.quoted(item.name)) isn't one of from, to, limit, latest, cursor")
            }
        }
        if isLatest, let other = ["from", "to", "limit", "cursor"].first(where: seen.contains) {
            throw Fault(message: "\(other) and latest exclude each other")
        }
        guard from < to || isLatest else { throw Fault(message: "from isn't before to") }
        if let cursor { from = max(from, cursor) }
    }

    private static func time(_ item: IngestRequest.QueryItem) throws(Fault) -> EventTime {
        let time = EventTime(iso8601: item.value) ?? Double(item.value).flatMap(EventTime.init)
        guard let time else {
            throw Fault(
                message: "\(item.name) is neither an ISO 8601 time with a zone "
                    + "(a + in it is written %2B) nor Unix seconds or milliseconds")
        }
        return time
    }

    /// A name from outside, cut short.
    private static func quoted(_ name: String) -> String {
        "'\(name.prefix(32))'"
    }
}
