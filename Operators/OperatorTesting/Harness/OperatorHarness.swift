public import Dataflow
public import Records
public import Sources
internal import State

/// Tests the operators of one stream by marble diagrams, in text and without a log, a store or a thread.
///
///     let harness = try OperatorHarness<Marble, String> { input, output in
///         input.filter("no-b") { $0.symbol != "b" }.map("symbol") { $0.symbol }
///             .sink("out", to: output)
///     }
///     #expect(try harness.run("a-b-c|") == "a---c|")
///
/// Each character of the input is a frame of time; what the operators yield within a frame is printed in its
/// place: `-` for nothing, a single character as it is, anything else in brackets. The clock is told to the
/// operators at the beginning of each frame. `^` saves the task and goes on in another one.
public final class OperatorHarness<In, Out> {
    /// The beginning of the stream under test.
    public typealias Input = Stream<SourceFlow<PushSource<In>>>

    private let builder: GraphBuilder
    private let plan: Plan
    private let frame: Int64
    private let makeRecord: (Character, EventTime) -> (In, EventTime)
    private let render: (Out) -> String
    private let output: CollectSink<Out>
    /// What the source refused.
    public let rejected = CollectSink<DeadLetter>()

    /// Makes a harness for records of any type.
    ///
    /// - Parameters:
    ///   - frame: how much time a character takes.
    ///   - dividedBy: the property by which the records count as divided already: keying by it is no shuffle.
    ///   - record: makes the record of a character, with its event time, from the frame's time.
    ///   - render: how an output is printed.
    ///   - build: names the operators between the two ends.
    /// - Throws: the graph's faults; `.invalidDefinition` when a shuffle cuts it into several stages.
    public init(
        frame: Duration = .seconds(1), dividedBy: PartialKeyPath<In>? = nil,
        record: @escaping (Character, EventTime) -> (In, EventTime),
        render: @escaping (Out) -> String = { "\($0)" },
        build: (Input, CollectSink<Out>) -> Void
    ) throws {
        builder = GraphBuilder(pipeline: "harness")
        self.frame = OperatorHarness.milliseconds(frame)
        makeRecord = record
        self.render = render
        output = CollectSink()
        let source = builder.source("input", from: PushSource<In>(dividedBy: dividedBy))
        source.rejected.sink("input.refused", to: rejected)
        build(source.accepted, output)
        plan = try Plan(try builder.graph())
        if plan.stages.count > 1 {
            throw DataflowError(
                .invalidDefinition, domain: .user,
                "the operators run in \(plan.stages.count) stages: "
                    + "say by which property the input is divided, or use PipelineHarness")
        }
    }

    private static func milliseconds(_ duration: Duration) -> Int64 {
        let parts = duration.components
        return max(1, parts.seconds * 1_000 + parts.attoseconds / 1_000_000_000_000_000)
    }

    /// Plays a diagram.
    ///
    /// - Parameter restoringBefore: saves the task before this step of the diagram and goes on in another.
    /// - Returns: what came out, as a diagram: a frame for each of the input's.
    public func run(_ diagram: String, restoringBefore step: Int? = nil) throws -> String {
        let steps = try MarbleDiagram(diagram).steps
        _ = output.collected.take()
        var run = try Play(harness: self)
        for (index, next) in steps.enumerated() {
            if index == step { try run.restore() }
            try run.play(next)
        }
        return run.printed
    }

    /// Plays a diagram, and again once for each of its steps, saved and restored before that step.
    ///
    /// - Returns: the distinct outcomes, of which there is one if no state is forgotten.
    public func runRestoringEverywhere(_ diagram: String) throws -> [String] {
        var outcomes = [try run(diagram)]
        for step in try MarbleDiagram(diagram).steps.indices {
            let outcome = try run(diagram, restoringBefore: step)
            if !outcomes.contains(outcome) { outcomes.append(outcome) }
        }
        return outcomes
    }
}

extension OperatorHarness where In == Marble {
    /// Makes a harness for marbles, whose event time is their frame's time.
    ///
    /// - Parameter times: the frames of characters that come out of order.
    public convenience init(
        frame: Duration = .seconds(1), times: [Character: Int64] = [:],
        render: @escaping (Out) -> String = { "\($0)" },
        build: (Input, CollectSink<Out>) -> Void
    ) throws {
        let milliseconds = OperatorHarness.milliseconds(frame)
        try self.init(
            frame: frame, dividedBy: \Marble.symbol,
            record: { symbol, now in
                let time =
                    times[symbol].map { EventTime(milliseconds: $0 * milliseconds) } ?? now
                return (Marble(String(symbol), at: time), time)
            }, render: render, build: build)
    }
}

/// One run of a diagram.
private struct Play<In, Out> {
    let harness: OperatorHarness<In, Out>
    var chain: TaskChain
    var now = EventTime(milliseconds: 0)
    var idleSince: EventTime?
    var isFirst = true
    var printed = ""
    var checkpoints: [[UInt8]] = []

    init(harness: OperatorHarness<In, Out>) throws {
        self.harness = harness
        chain = try harness.makeChain()
    }

    mutating func play(_ step: MarbleDiagram.Step) throws {
        switch step {
        case .restore: return try restore()
        case .frame(let symbols):
            beginFrame()
            if symbols.isEmpty {
                idleSince = idleSince ?? now
            } else {
                idleSince = nil
                try push(symbols)
            }
            try endFrame(suffix: "")
        case .end:
            beginFrame()
            for input in chain.inputs { input.end() }
            chain.flush()
            try endFrame(suffix: "|")
        }
    }

    private mutating func beginFrame() {
        if !isFirst { now = now.advanced(byMilliseconds: harness.frameMilliseconds) }
        isFirst = false
        chain.context.now = now
        for input in chain.inputs { input.tick(Tick(now: now, idleSince: idleSince)) }
    }

    private func push(_ symbols: [Character]) throws {
        let push = PushSource<In>.Push(records: symbols.map { harness.record($0, now) })
        for input in chain.inputs where !input.push(push) {
            throw DataflowError(
                .invariant, domain: .internal, "the source takes records of another type")
        }
    }

    private mutating func endFrame(suffix: String) throws {
        if let failure = chain.context.failure { throw failure }
        let outputs = harness.takeOutputs()
        switch outputs.count {
        case 0 where suffix.isEmpty: printed += "-"
        case 0: printed += suffix
        case 1 where outputs[0].count == 1: printed += outputs[0] + suffix
        default: printed += "[" + outputs.joined(separator: " ") + "]" + suffix
        }
    }

    /// Saves the task, everything the first time and what changed from then on, and builds another from it.
    mutating func restore() throws {
        chain.flush()
        checkpoints.append(chain.snapshot(checkpoints.isEmpty ? .everything : .changes).bytes.bytes)
        chain = try harness.makeChain()
        chain.context.now = now
        for (index, bytes) in checkpoints.enumerated() {
            try chain.restore(
                try SnapshotReader(
                    all: index == 0, isLast: index == checkpoints.count - 1, bytes: bytes[...]))
        }
    }
}

extension OperatorHarness {
    fileprivate var frameMilliseconds: Int64 { frame }

    fileprivate func record(_ symbol: Character, _ now: EventTime) -> (In, EventTime) {
        makeRecord(symbol, now)
    }

    fileprivate func takeOutputs() -> [String] {
        output.collected.take().map { render($0.value) }
    }

    fileprivate func makeChain() throws -> TaskChain {
        guard let stage = plan.stages.first else {
            throw DataflowError(.invariant, domain: .internal, "a plan without a stage")
        }
        let context = TaskContext(
            pipeline: "harness", partition: 0, stageTasks: 1, incarnation: 1,
            partitionCount: { _ in 1 })
        return try builder.makeChain(stage: stage, plan: plan, context: context)
    }
}
