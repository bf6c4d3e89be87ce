internal import Dataflow
package import Records
internal import Sources
internal import State
internal import Transforms

/// The work by which the engine's record path is measured: filter, keyBy, a window of a minute, with changes
/// tracked for the next checkpoint, and the same as a hand-written loop.
package enum EngineWorkload {
    /// How many records a batch has.
    static let batchSize = 1_024

    /// A record of the benchmark: 32 bytes, nothing to count references of.
    package struct Sample {
        var key: UInt64
        var value: Double
        var time: EventTime
        var isGood: Bool
    }

    /// What is summed up of a key.
    package struct Tally: Accumulator {
        package var count: UInt64 = 0
        var sum = 0.0
        var least = Double.infinity
        var most = -Double.infinity

        @inline(__always)
        package mutating func add(_ sample: Sample, at time: EventTime) { add(sample.value) }

        @inline(__always)
        package mutating func add(_ value: Double) {
            count &+= 1
            sum += value
            least = min(least, value)
            most = max(most, value)
        }

        package mutating func merge(_ other: Tally) {
            count &+= other.count
            sum += other.sum
            least = min(least, other.least)
            most = max(most, other.most)
        }

        package init() {}

        package init(from reader: inout ByteReader) throws(CodecError) {
            count = try reader.integer()
            sum = try reader.double()
            least = try reader.double()
            most = try reader.double()
        }

        package func encode(into writer: inout ByteWriter) {
            writer.integer(count)
            writer.double(sum)
            writer.double(least)
            writer.double(most)
        }
    }

    /// The filter as a functor.
    struct IsGood: Predicate {
        @inline(__always)
        func matches(_ sample: Sample) -> Bool { sample.isGood }
    }

    /// The key as a functor.
    struct SampleKey: KeyExtractor {
        @inline(__always)
        func key(of sample: Sample) -> UInt64 { sample.key }
    }

    /// The event time as a functor.
    struct SampleTime: KeyExtractor {
        @inline(__always)
        func key(of sample: Sample) -> EventTime { sample.time }
    }

    /// Counts the records in what comes out.
    struct CountingSink<A>: TerminalSink {
        let total: UnsafeMutablePointer<UInt64>
        let count: (A) -> UInt64
        mutating func receive(_ change: Change<UInt64, A>, at time: EventTime) {
            total.pointee &+= change.value.map(count) ?? 0
        }
    }

    /// Makes a counting sink.
    struct Counting<A>: SinkFactory {
        let total: UnsafeMutablePointer<UInt64>
        let count: (A) -> UInt64
        var kind: GraphNode.Kind { .localSink }
        func make(_ node: NodeID, _ builder: TaskBuilder) throws -> CountingSink<A> {
            CountingSink(total: total, count: count)
        }
    }

    /// Drops late records, of which there are none.
    struct Dropping<Value>: SinkFactory {
        var kind: GraphNode.Kind { .localSink }
        func make(_ node: NodeID, _ builder: TaskBuilder) throws -> DroppingSink<LateRecord<Value>>
        {
            DroppingSink()
        }
    }

    /// Takes everything and keeps nothing.
    struct DroppingSink<In>: TerminalSink {
        mutating func receive(_ value: In, at time: EventTime) {}
    }

    /// Records in the order of their time, the same at every call.
    package static func samples(_ count: Int, keys: Int) -> [Sample] {
        var random = SeededGenerator(seed: 7)
        return (0..<count).map { index in
            Sample(
                key: random.next() % UInt64(keys), value: random.unit(),
                time: EventTime(milliseconds: 1_700_000_000_000 + Int64(index / 100)),
                isGood: random.next() % 16 != 0)
        }
    }

    /// The floor: the same table, filter, window and tracking in a plain loop, with nothing in its way: no
    /// class, no counted reference, no closure.
    package static func handWritten(_ samples: [Sample]) -> UInt64 {
        typealias Cells = KeyedTable<UInt64, Tally>
        var starts: [Int64] = []
        var tables: [UnsafeMutablePointer<Cells>] = []
        defer {
            for table in tables {
                table.deinitialize(count: 1)
                table.deallocate()
            }
        }
        var current: UnsafeMutablePointer<Cells>?
        var currentStart = Int64.max
        var latest = EventTime.min
        for sample in samples {
            guard sample.isGood else { continue }
            if sample.time > latest { latest = sample.time }
            let start = sample.time.milliseconds / 60_000 * 60_000
            if start != currentStart || current == nil {
                currentStart = start
                if let known = starts.firstIndex(of: start) {
                    current = tables[known]
                } else {
                    let table = UnsafeMutablePointer<Cells>.allocate(capacity: 1)
                    table.initialize(to: Cells())
                    starts.append(start)
                    tables.append(table)
                    current = table
                }
            }
            guard let current else { continue }
            let slot = current.pointee.touch(sample.key) { Tally() }
            current.pointee[slot].add(sample, at: sample.time)
        }
        var total: UInt64 = 0
        for table in tables {
            for slot in 0..<table.pointee.slotBound { total &+= table.pointee[slot].count }
        }
        return total
    }

    /// The pipeline under test, fed from memory in batches.
    ///
    /// - Parameter whileFull: called while all windows are held.
    package static func run(
        _ samples: [Sample], functors: Bool, whileFull: () -> Void = {}
    ) throws -> UInt64 {
        let total = UnsafeMutablePointer<UInt64>.allocate(capacity: 1)
        total.initialize(to: 0)
        defer { total.deallocate() }
        let graph = GraphBuilder(pipeline: "bench")
        let source = graph.source("samples", from: MemorySource(dividedBy: \Sample.key))
        source.rejected.sink("rejects", to: DroppingLetters())
        let minute = WindowSpec.tumbling(.seconds(60))
        if functors {
            let windows = source.accepted
                .assignTimestamps("time", .boundedOutOfOrder(.seconds(1)), SampleTime())
                .filter("good", IsGood())
                .keyBy("by-key", SampleKey(), property: \Sample.key)
                .window(minute)
            windows.late.sink("late", to: Dropping<Sample>())
            windows.aggregate("tally", Tally.self)
                .sink("out", to: Counting(total: total) { $0.count })
        } else {
            let windows = source.accepted
                .assignTimestamps("time", .boundedOutOfOrder(.seconds(1)), \.time)
                .filter("good") { $0.isGood }
                .keyBy("by-key", \.key)
                .window(minute)
            windows.late.sink("late", to: Dropping<Sample>())
            windows.aggregate("tally", Tally.self)
                .sink("out", to: Counting(total: total) { $0.count })
        }
        let plan = try Plan(try graph.graph())
        let context = TaskContext(
            pipeline: "bench", partition: 0, stageTasks: 1, incarnation: 1,
            partitionCount: { _ in 1 })
        let chain = try graph.makeChain(stage: plan.stages[0], plan: plan, context: context)
        samples.withUnsafeBufferPointer { all in
            var start = 0
            while start < all.count {
                let end = min(all.count, start + batchSize)
                _ = chain.inputs[0].push(UnsafeBufferPointer(rebasing: all[start..<end]))
                start = end
            }
        }
        whileFull()
        chain.inputs[0].end()
        return total.pointee
    }

    /// Feeds records that lie in memory, without copying them.
    struct MemorySource: SourceFactory {
        typealias Out = Sample
        let partitioning: Partitioning?
        var kind: GraphNode.Kind { .pushSource }

        init(dividedBy path: PartialKeyPath<Sample>) { partitioning = Partitioning(path) }

        func attach<S: Sink & ~Copyable>(
            _ node: NodeID, to sink: consuming S, rejected: OutletSink<DeadLetter>,
            _ builder: TaskBuilder
        ) throws where S.In == Sample {
            builder.addInput(
                StageInput(
                    topic: nil, node: node, carriesMarkers: false,
                    into: SourceSink(next: sink, rejected: rejected),
                    push: { sink, values in
                        guard let batch = values as? UnsafeBufferPointer<Sample> else {
                            return false
                        }
                        sink.withParts { next, _ in
                            for sample in batch { next.receive(sample, at: .min) }
                        }
                        return true
                    }))
        }
    }

    /// Takes refusals, of which there are none.
    struct DroppingLetters: SinkFactory {
        var kind: GraphNode.Kind { .localSink }
        func make(_ node: NodeID, _ builder: TaskBuilder) throws -> DroppingSink<DeadLetter> {
            DroppingSink()
        }
    }
}
