public import Records
public import Runtime
public import State

/// What is simulated.
public struct SimulationOptions {
    /// Decides the order of everything; a run is a function of it.
    public var seed: UInt64 = 0
    /// Whether the next step is drawn by the seed; else the lanes take turns.
    public var isShuffled = false
    /// How many partitions topics have that nobody made.
    public var partitions: Int32 = 2
    /// How many workers share each stage.
    public var workers = 1
    /// The most records of a batch.
    public var batchLimit = 4
    /// What goes wrong.
    public var faults: FaultPlan?
    /// A mistake that is made on purpose; nil: none.
    public var bug: SeededBug?
    /// Changes what a task is restored from, for mistakes that know a pipeline's state; nil: nothing does.
    public var rewriteCheckpoint: ((Checkpoint) throws -> Checkpoint)?
    /// The bounds and intervals of the workers.
    public var worker = WorkerOptions()
    /// What the tasks of all workers may keep together; nil: anything.
    public var budget: StateBudget?
    /// What the clock shows first.
    public var start = EventTime(milliseconds: 0)
    /// After how many steps a run that has not come to its end has failed.
    public var maximumSteps = 400_000

    /// A calm run of one worker a stage.
    public init() {}

    /// A run in the order that a seed gives, with `faults` of each kind.
    public static func shuffled(seed: UInt64, faults: Int = 0, workers: Int = 2)
        -> SimulationOptions
    {
        var options = SimulationOptions()
        options.seed = seed
        options.isShuffled = true
        options.workers = workers
        options.worker.isBounded = true
        // Small, so that a short run has long chains of checkpoints, and makes them short.
        options.worker.maximumDeltas = 1
        options.worker.sliceBytes = seed % 2 == 0 ? 100 : 10_000
        if faults > 0 {
            options.faults = .all(seed: SeededGenerator.mix(seed &+ 1), each: faults)
        }
        return options
    }
}
