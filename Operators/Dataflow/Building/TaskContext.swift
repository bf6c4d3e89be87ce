public import Records
public import State

/// What the sinks of one task share: where they are, what they have to write, what went wrong.
///
/// It belongs to the task's thread. Terminal sinks append to ``outputs`` and ``tables``; the task takes
/// both after each batch and each flush.
public final class TaskContext {
    /// The pipeline's name.
    public let pipeline: String
    /// The number of the input partition.
    public let partition: Int32
    /// How many tasks the stage has: one per partition of its inputs.
    public let stageTasks: Int32
    /// Grows with every life of the task that follows a commit; markers carry it.
    public let incarnation: UInt64
    /// How many partitions a topic has; asked once per topic when the chain is built.
    public let partitionCount: (String) throws -> Int32
    /// Records to write.
    public var outputs = OutputBatch(topics: [])
    /// Rows to write, one entry a table; sinks write them through a ``RowOutlet``.
    public internal(set) var tables: [TableChanges] = []
    /// Where the rows of each of ``tables`` came from.
    var origins: [RowOrigins] = []
    /// How many bytes of key, value and headers a record of a topic may have.
    public let recordBound: (String) -> Int
    /// What else a topic refuses.
    let topicLimits: (String) -> TopicLimits
    /// Who writes each topic of ``outputs``, and what it takes.
    var topicWriters: [TopicWriter] = []
    /// The least bound of all topics: most records are compared with it alone.
    var leastBound = Int.max
    /// The least of what all topics take of timestamps, and whether one needs keys.
    var leastLimits = TopicLimits.none
    /// The timestamps that every topic takes at this time.
    private(set) var latestTime = EventTime.max
    private(set) var earliestTime = EventTime.min
    /// Opens the place of dead letters, when the first one is to be written.
    var openLetters: ((TaskContext) -> DeadLetterOutlet)?
    /// The records that are being read.
    public var batch: RecordBatch?
    /// The clock's time at the last event.
    public var now: EventTime = .min { didSet { noteTimes() } }
    /// Whether event time has come further than what the stages behind were told.
    public internal(set) var hasNewTime = false
    /// The newest event time of a record that the task has read; `.min` before the first.
    public private(set) var newestTime = EventTime.min
    /// The first thing that went wrong; the task stops with it.
    public private(set) var failure: DataflowError?
    /// What was counted, by operator and word; read by metrics.
    public private(set) var counters: [Counter] = []
    /// How much room there is for more state; set by whoever runs the task.
    public var room = StateRoom.plenty
    /// What operators have left out for want of room; see ``leaveOut(_:keyBound:)``.
    public internal(set) var leftOut: [LeftOut] = []
    /// From which offset on records of a partition that can't be decoded are kept as dead letters.
    private var excused: [TopicPartition: Offset] = [:]
    /// Where the record that is being processed lies; a pointer, as it is written once a record.
    let position: UnsafeMutablePointer<RecordPosition>

    /// Makes a context.
    public init(
        pipeline: String, partition: Int32, stageTasks: Int32, incarnation: UInt64,
        recordBound: @escaping (String) -> Int = { _ in .max },
        topicLimits: @escaping (String) -> TopicLimits = { _ in .none },
        partitionCount: @escaping (String) throws -> Int32
    ) {
        self.recordBound = recordBound
        self.topicLimits = topicLimits
        self.pipeline = pipeline
        self.partition = partition
        self.stageTasks = stageTasks
        self.incarnation = incarnation
        self.partitionCount = partitionCount
        position = .allocate(capacity: 1)
        position.initialize(to: RecordPosition())
    }

    deinit {
        position.deinitialize(count: 1)
        position.deallocate()
    }

    /// Where the record that is being processed was read.
    public var currentPosition: RecordPosition { position.pointee }

    /// Notes where the record lies that is processed next.
    @inline(__always)
    public func setPosition(_ partition: TopicPartition, _ offset: Offset) {
        position.pointee.offset = offset
        if position.pointee.partition != partition { position.pointee.partition = partition }
    }

    /// Notes which timestamps every topic takes.
    func noteTimes() {
        latestTime = leastLimits.latest(now)
        earliestTime = leastLimits.earliest(now)
    }

    /// Notes how far the records' own times have come.
    public func note(newestTime time: EventTime) {
        if time > newestTime { newestTime = time }
    }

    /// Notes a failure; the first one counts.
    public func fail(_ error: DataflowError) {
        if failure == nil { failure = error }
    }

    /// Lets records be kept as dead letters that can't be decoded, from an offset on.
    public func excuse(_ partition: TopicPartition, from offset: Offset) {
        excused[partition] = offset
    }

    /// Whether a record that can't be decoded is kept as a dead letter, so that the task goes on.
    public func isExcused(_ partition: TopicPartition, _ offset: Offset) -> Bool {
        excused[partition].map { offset >= $0 } ?? false
    }

    /// Registers something that an operator counts.
    ///
    /// - Returns: its index for ``count(_:by:)``.
    public func counter(_ operatorID: OperatorID, _ name: String) -> Int {
        counters.append(Counter(operatorID: operatorID, name: name, value: 0))
        return counters.count - 1
    }

    /// Adds to a counter.
    public func count(_ counter: Int, by amount: Int64 = 1) {
        counters[counter].value += amount
    }
}

extension TaskContext {
    /// Something that an operator counts.
    public struct Counter: Sendable {
        /// Who counts.
        public let operatorID: OperatorID
        /// What is counted.
        public let name: String
        /// How much so far in this life of the task.
        public var value: Int64
    }
}

/// Where a record was read.
public struct RecordPosition: Sendable {
    /// The partition; nil outside of a batch from the log.
    public var partition: TopicPartition?
    /// The place in it.
    public var offset = Offset(0)

    /// Nowhere yet.
    public init() {}
}
