/// An element of a batch that was rejected.
public struct RejectedElement: Hashable, Sendable {
    /// Its place in the request, from 0.
    public var index: Int
    /// A stable word for the reason.
    public var reason: String

    /// Makes a rejection.
    public init(index: Int, reason: String) {
        self.index = index
        self.reason = reason
    }
}

extension IngestReply {
    /// How many rejected elements a reply lists.
    public static let listedErrors = 100

    /// The reply to a batch of which the good elements are in the log.
    ///
    /// 202 with `{"accepted": n, "rejected": 0}` when all were good; otherwise 422 with
    /// `{"accepted": n, "rejected": m, "errors": [{"index": i, "reason": "…"}, …]}`, of which the first
    /// ``listedErrors`` are listed.
    public static func outcome(
        accepted: Int, rejected: some Collection<RejectedElement>
    ) -> IngestReply {
        var text = JSONText()
        text.object {
            $0.name("accepted")
            $0.number(accepted)
            $0.name("rejected")
            $0.number(rejected.count)
            if !rejected.isEmpty {
                $0.name("errors")
                $0.list { text in
                    for element in rejected.prefix(listedErrors) {
                        text.object {
                            $0.name("index")
                            $0.number(element.index)
                            $0.name("reason")
                            $0.string(element.reason)
                        }
                    }
                }
            }
        }
        return IngestReply(status: rejected.isEmpty ? 202 : 422, body: text.bytes)
    }

    /// The reply while the log is behind: 503, come again in `seconds`.
    public static func backlog(retryAfterSeconds seconds: Int = 1) -> IngestReply {
        .error(
            503, code: "backlog", message: "the log is behind; nothing was taken",
            retryAfterSeconds: seconds)
    }

    /// The reply to one client that sends too much: 429, come again in `seconds`.
    public static func tooManyRequests(retryAfterSeconds seconds: Int = 1) -> IngestReply {
        .error(
            429, code: "too-many-requests", message: "too many requests; nothing was taken",
            retryAfterSeconds: seconds)
    }

    /// The reply when the log didn't acknowledge: 503; some of the batch may be in the log, so that the
    /// client's retry may write it twice.
    public static func unacknowledged(retryAfterSeconds seconds: Int = 1) -> IngestReply {
        .error(
            503, code: "unacknowledged", message: "the log did not acknowledge the batch",
            retryAfterSeconds: seconds)
    }
}
