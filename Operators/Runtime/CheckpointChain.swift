internal import Records
internal import State

/// The checkpoints that a task's state is made of, and how they are kept few.
///
/// A chain that has become long is made short by commits that each write a slice of the state beside what
/// changed, so that no commit writes all of a large state at once. It is a "rolling" base: when the last slice
/// is decided, nothing older than the first is named any more.
struct CheckpointChain {
    private struct Pass {
        /// Where in the chain the first slice lies.
        var start: Int
        var next: Int
        let count: Int
    }

    /// Base first.
    private(set) var links: [Checkpoint.Link] = []
    /// How much each link weighs.
    private var weights: [Int] = []
    private var pass: Pass?

    /// Below how many bytes in all a chain is not made shorter for their sake.
    static let smallestCompaction = 4 << 20
    /// The most slices.
    static let maximumSlices = 64
    /// How much longer a chain may become, by workers that die within a pass, before one commit writes all.
    static let maximumExcess = 128

    /// The bytes of all links.
    var weight: Int { weights.reduce(0, +) }

    /// An empty chain.
    init() {}

    /// A chain that was restored; what its links weigh is told by ``weigh(_:at:)``.
    init(restored links: [Checkpoint.Link]) {
        self.links = links
        weights = Array(repeating: 0, count: links.count)
    }

    mutating func weigh(_ bytes: Int, at index: Int) { weights[index] = bytes }

    /// What the next checkpoint is to hold.
    ///
    /// - Parameter stateBytes: about how much all of the state weighs.
    func nextScope(stateBytes: Int, _ options: WorkerOptions) -> SnapshotScope {
        let longest =
            options.maximumDeltas + CheckpointChain.maximumSlices + CheckpointChain.maximumExcess
        if links.isEmpty || links.count >= longest { return .everything }
        if let pass { return .slice(pass.next, of: pass.count) }
        let isHeavy = weight > max(CheckpointChain.smallestCompaction, 2 * stateBytes)
        guard links.count > options.maximumDeltas || isHeavy else { return .changes }
        let count = min(CheckpointChain.maximumSlices, stateBytes / options.sliceBytes + 1)
        return count == 1 ? .everything : .slice(0, of: count)
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
        switch scope {
        case .everything: chain.pass = nil
        case .changes: break
        case .slice(let number, let count):
            let start = number == 0 ? links.count : pass?.start ?? 0
            chain.pass =
                number == count - 1 ? nil : Pass(start: start, next: number + 1, count: count)
        }
        chain.links.append(link)
        chain.weights.append(bytes)
        return chain
    }
}
