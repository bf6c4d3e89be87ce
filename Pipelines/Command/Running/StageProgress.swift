internal import Records
internal import Runtime

/// How far one stage has come on its way to the end of its inputs, and for how long it has stood still.
struct StageProgress: CustomStringConvertible {
    /// How often people are told.
    static let noteInterval: Duration = .seconds(5)

    /// The stage.
    let stage: String
    private var inputs: [TaskProgress] = []
    private var threadsStopped = 0
    private var threads = 0
    private var now: ContinuousClock.Instant?
    private var movedAt: ContinuousClock.Instant?
    private var notedAt: ContinuousClock.Instant?

    /// Begins to watch.
    init(stage: String) { self.stage = stage }

    /// Takes in how the lanes stand.
    mutating func look(at status: [LaneStatus], now: ContinuousClock.Instant) {
        let lanes = status.filter { $0.stage == stage }
        let inputs = lanes.flatMap(\.progress)
        let stopped = lanes.count { $0.isStopped }
        let hasMoved =
            inputs.map(\.position) != self.inputs.map(\.position) || stopped != threadsStopped
        if hasMoved || movedAt == nil { movedAt = now }
        if notedAt == nil { notedAt = now }
        self.inputs = inputs
        self.now = now
        threads = lanes.count
        threadsStopped = stopped
    }

    /// Since when no input has moved.
    var stoodStill: Duration {
        guard let now, let movedAt else { return .zero }
        return now - movedAt
    }

    /// Whether people have not been told for a while; they are then taken for told.
    mutating func isToBeNoted() -> Bool {
        guard let now, let notedAt, now - notedAt >= StageProgress.noteInterval else {
            return false
        }
        self.notedAt = now
        return true
    }

    /// Where every input stands, in one line.
    var description: String {
        let positions = inputs.map { input in
            let name = "\(input.partition.topic)/\(input.partition.partition)"
            let end = input.end.map { " of \($0)" } ?? ""
            return name + " at \(input.position ?? Offset(0))" + end
                + (input.isRunning ? "" : " (not running)")
        }
        let done = "\(threadsStopped) of \(threads) threads done"
        return ([done] + positions).joined(separator: ", ")
    }
}
