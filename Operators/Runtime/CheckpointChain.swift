internal import Records
internal import State

/// The checkpoints that a task's state is made of, and how they are kept few.
///
/// A chain that has become long is made short by commits that each write a slice of the state beside what
/// changed, so that no commit writes all of a large state at once. It is a "rolling" base: when the last slice
/// is decided, nothing older than the first is named any more. Checkpoints name the pass that is under way, and
/// whoever restores one goes on with it: each decision brings it nearer to its end, however often workers die.
struct CheckpointChain {
    /// Base first.
    private(set) var links: [Checkpoint.Link] = []
    /// How much each link weighs.
    private var weights: [Int] = []
    private var pass: Checkpoint.Pass?

    /// Below how many bytes in all a chain is not made shorter for their sake.
    static let smallestCompaction = 4 << 20
    /// The most slices.
    static let maximumSlices = 64

    /// The bytes of all links.
    var weight: Int { weights.reduce(0, +) }

    /// An empty chain.
    init() {}

    /// A chain that was restored, to go on with the pass that was under way; what its links weigh is told by
    /// ``weigh(_:at:)``.
    init(restored links: [Checkpoint.Link], pass: Checkpoint.Pass?) {
        self.links = links
        self.pass = pass
        weights = Array(repeating: 0, count: links.count)
    }

    mutating func weigh(_ bytes: Int, at index: Int) { weights[index] = bytes }

    /// What the next checkpoint is to hold.
    ///
    /// - Parameter stateBytes: about how much all of the state weighs.
    func nextScope(stateBytes: Int, _ options: WorkerOptions) -> SnapshotScope {
        if links.isEmpty { return .everything }
        if let pass { return .slice(pass.next, of: pass.count) }
        let isHeavy = weight > max(CheckpointChain.smallestCompaction, 2 * stateBytes)
        guard links.count > options.maximumDeltas || isHeavy else { return .changes }
        let count = min(CheckpointChain.maximumSlices, stateBytes / options.sliceBytes + 1)
        return count == 1 ? .everything : .slice(0, of: count)
    }

    /// The pass that is under way once a checkpoint of some scope is decided.
    func pass(behind scope: SnapshotScope) -> Checkpoint.Pass? {
        switch scope {
        case .everything: return nil
        case .changes: return pass
        case .slice(let number, let count):
            if number == count - 1 { return nil }
            let start = number == 0 ? links.count : pass?.start ?? 0
            return Checkpoint.Pass(start: start, next: number + 1, count: count)
        }
    }

    /// The links that a checkpoint of some scope builds on.
    func base(of scope: SnapshotScope) -> [Checkpoint.Link] {
        switch scope {
        case .everything: []
        case .slice(let number, let count) where number == count - 1:
            Array(links[(pass?.start ?? 0)...])
        case .changes, .slice: links
        }
    }

    /// The chain once a checkpoint of some scope is decided.
    func adding(_ link: Checkpoint.Link, bytes: Int, _ scope: SnapshotScope) -> CheckpointChain {
        var chain = self
        chain.links = base(of: scope)
        chain.weights = Array(weights.suffix(chain.links.count))
        chain.pass = pass(behind: scope)
        chain.links.append(link)
        chain.weights.append(bytes)
        return chain
    }
}
