internal import LocationIngest
internal import Serving

/// Answers `POST /v1/locations`, when the log has the batch.
struct LocationIngestHandler: Sendable {
    let door: LocationDoor

    /// The route of this handler.
    var route: HTTPRoute { .post("/v1/locations") { await reply(to: $0) } }

    /// Answers a request.
    func reply(to request: IngestRequest) async -> IngestReply {
        switch await door.take(request.body) {
        case .full: .backlog()
        case .failed: .unacknowledged()
        case .refused(let refusal):
            .error(refusal.status, code: refusal.code, message: refusal.message)
        case .written(let decoded):
            .outcome(
                accepted: decoded.accepted.count,
                rejected: decoded.rejected.map {
                    RejectedElement(index: $0.index, reason: $0.reason.rawValue)
                })
        }
    }
}
