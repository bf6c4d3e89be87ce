internal import Dataflow
internal import LocationIngest
internal import Records
internal import Runtime
internal import Serving
internal import Sources
internal import State

/// Answers `POST /v1/locations`: decodes a batch, hands the points to the pipeline, and replies when the log
/// has them.
struct LocationIngestHandler: Sendable {
    let decoder: LocationBatchDecoder
    let doors: [Mailbox]
    let clock: any EventClock
    /// The stage that takes points, and the operator that refuses them.
    private static let stage = "http"
    private static let operatorID = OperatorID(LocationIngestHandler.stage)

    /// The route of this handler.
    var route: HTTPRoute { .post("/v1/locations") { await reply(to: $0) } }

    /// Answers a request.
    func reply(to request: IngestRequest) async -> IngestReply {
        let now = clock.now()
        let decoded: DecodedLocations
        do throws(RequestRefusal) {
            decoded = try decoder.decode(request.body, now: now)
        } catch {
            return await refuse(error, request.body, now)
        }
        let letters = decoded.rejected.compactMap { letter($0, request.body, now) }
        switch await push(decoded, letters) {
        case .full: return .backlog()
        case .failed: return .unacknowledged()
        case .written:
            return .outcome(
                accepted: decoded.accepted.count,
                rejected: decoded.rejected.map {
                    RejectedElement(index: $0.index, reason: "\($0.reason)")
                })
        }
    }

    /// Leaves a dead letter of a request that is refused as a whole, and says why.
    private func refuse(
        _ refusal: RequestRefusal, _ body: [UInt8], _ now: EventTime
    ) async -> IngestReply {
        let letters = LocationIngestHandler.operatorID.map { operatorID in
            DeadLetter(
                code: .rejected, reason: "request: \(refusal.message)", operatorID: operatorID,
                time: now, value: body)
        }
        let nobody = DecodedLocations(userID: "", accepted: [], rejected: [])
        switch await push(nobody, letters.map { [$0] } ?? []) {
        case .full: return .backlog()
        case .failed: return .unacknowledged()
        case .written:
            return .error(refusal.status, code: refusal.code, message: refusal.message)
        }
    }

    private enum Outcome { case written, failed, full }

    /// Waits until everything that follows from the batch is acknowledged.
    private func push(_ decoded: DecodedLocations, _ letters: [DeadLetter]) async -> Outcome {
        // A user's batches keep to one thread, so that they reach the log in the order of their answers.
        let door = doors[Int(decoded.userID.streamHash % UInt64(doors.count))]
        return await withCheckedContinuation { continuation in
            let push = PushSource<LocationUpdate>.Push(
                records: decoded.accepted.map { ($0, $0.observedAt) }, rejected: letters)
            let isTaken = door.push(stage: LocationIngestHandler.stage, push) { error in
                continuation.resume(returning: error == nil ? .written : .failed)
            }
            if !isTaken { continuation.resume(returning: .full) }
        }
    }

    private func letter(
        _ rejected: RejectedLocation, _ body: [UInt8], _ now: EventTime
    ) -> DeadLetter? {
        LocationIngestHandler.operatorID.map { operatorID in
            DeadLetter(
                code: .rejected, reason: "point \(rejected.index): \(rejected.reason)",
                operatorID: operatorID, time: now, value: rejected.original(in: body))
        }
    }
}
