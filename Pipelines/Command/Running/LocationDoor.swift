internal import Dataflow
internal import LocationIngest
internal import Records
internal import Runtime
internal import Sources
internal import State

/// Where batches of locations enter location-ingest, whoever brings them: decodes one, hands the points to the
/// pipeline, and tells when the log has them.
struct LocationDoor: Sendable {
    let decoder: LocationBatchDecoder
    let doors: [Mailbox]
    let clock: any EventClock
    /// The stage that takes points, and the operator that refuses them.
    private static let stage = "http"
    private static let operatorID = OperatorID(LocationDoor.stage)

    /// What a request may hold by the parameters of location-ingest (YAML), or by its defaults.
    static func limits(parameters yaml: String?) throws -> LocationLimits {
        try ParameterFile.overlay(yaml, on: LocationIngest.defaults).limits
    }

    /// What became of a batch.
    enum Outcome {
        /// The log has its good points, and dead letters of its bad ones.
        case written(DecodedLocations)
        /// It was refused as a whole; the log has a dead letter of it.
        case refused(RequestRefusal)
        /// The log is behind; nothing was taken.
        case full
        /// The log didn't acknowledge; some of it may be there.
        case failed
    }

    /// Takes a batch.
    ///
    /// - Parameter keepsPoints: whether its good points are left to whoever asks, who hands them to
    ///   ``put(_:)`` later; what is refused is written at once.
    func take(_ body: [UInt8], keepsPoints: Bool = false) async -> Outcome {
        let now = clock.now()
        do throws(RequestRefusal) {
            let decoded = try decoder.decode(body, now: now)
            let letters = decoded.rejected.compactMap { rejected in
                letter(
                    "point \(rejected.index): \(rejected.reason.rawValue)",
                    rejected.original(in: body), now)
            }
            if keepsPoints && letters.isEmpty { return .written(decoded) }
            let points = keepsPoints ? [] : decoded.accepted
            return await push(points, letters, by: decoded.userID) ?? .written(decoded)
        } catch {
            let letters = letter("request: \(error.message)", body, now).map { [$0] } ?? []
            return await push([], letters, by: "") ?? .refused(error)
        }
    }

    /// Writes points of several users in their order; says what was in the way, if anything.
    func put(_ updates: [LocationUpdate]) async -> Outcome? {
        // All by one thread: no two of them write to a partition in one order.
        await push(updates, [], by: "")
    }

    /// Waits until everything that follows from a batch is acknowledged; says what was in the way.
    private func push(
        _ updates: [LocationUpdate], _ letters: [DeadLetter], by userID: String
    ) async -> Outcome? {
        // A user's batches keep to one thread, so that they reach the log in the order of their answers.
        let door = doors[Int(userID.streamHash % UInt64(doors.count))]
        return await withCheckedContinuation { continuation in
            let push = PushSource<LocationUpdate>.Push(
                records: updates.map { ($0, $0.observedAt) }, rejected: letters)
            let isTaken = door.push(stage: LocationDoor.stage, push) { error in
                continuation.resume(returning: error == nil ? nil : .failed)
            }
            if !isTaken { continuation.resume(returning: .full) }
        }
    }

    private func letter(_ reason: String, _ original: [UInt8], _ now: EventTime) -> DeadLetter? {
        LocationDoor.operatorID.map { operatorID in
            DeadLetter(
                code: .rejected, reason: reason, operatorID: operatorID, time: now, value: original)
        }
    }
}
