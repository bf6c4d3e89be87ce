public import Dataflow
public import Records
public import State

/// The bounds of a process operator.
public struct ProcessOptions: Hashable, Sendable {
    /// How long a key is remembered after its last record, in milliseconds of event time; nil: for ever.
    public var timeToLiveMilliseconds: Int64?
    /// How far the watermark may be held behind, in milliseconds of event time.
    public var maximumHoldMilliseconds: Int64
    /// The most keys that a task keeps.
    public var maximumKeys: Int
    /// What happens when there is no room for another key.
    public var whenFull: WhenFull
    /// Raise it when the same state takes on another meaning.
    public var version: UInt32

    /// Makes options.
    public init(
        timeToLive: Duration? = nil, maximumHold: Duration = .seconds(300),
        maximumKeys: Int = 10_000_000, whenFull: WhenFull = .stop, version: UInt32 = 1
    ) {
        timeToLiveMilliseconds = timeToLive?.milliseconds
        maximumHoldMilliseconds = max(0, maximumHold.milliseconds)
        self.maximumKeys = maximumKeys
        self.whenFull = whenFull
        self.version = version
    }
}

extension KeyedStream where E.Key: StreamKey, F.Out: BinaryCodable {
    /// Runs user code with state and timers for each key.
    ///
    /// - Parameters:
    ///   - id: the operator's name.
    ///   - options: time to live and bounds.
    ///   - make: makes the function for one task.
    public func process<Function: ProcessFunction>(
        _ id: StaticString, _ options: ProcessOptions = ProcessOptions(),
        file: StaticString = #fileID, line: UInt = #line, _ make: @escaping () throws -> Function
    ) -> Stream<OperatorFlow<ExchangeFlow<F, E>, ProcessOperator<Function>>>
    where Function.Key == E.Key, Function.Input == F.Out {
        process(id, options, resource: { nil }, SourceLocation(file, line), make)
    }

    /// Runs user code that needs a resource, such as a map, whose checksum is a part of the state's fingerprint.
    public func process<Function: ProcessFunction, Value: Sendable>(
        _ id: StaticString, with resource: Resource<Value>,
        _ options: ProcessOptions = ProcessOptions(), file: StaticString = #fileID,
        line: UInt = #line, _ make: @escaping (Value) throws -> Function
    ) -> Stream<OperatorFlow<ExchangeFlow<F, E>, ProcessOperator<Function>>>
    where Function.Key == E.Key, Function.Input == F.Out {
        process(id, options, resource: resource.mark, SourceLocation(file, line)) {
            try make(try resource.get())
        }
    }

    private func process<Function: ProcessFunction>(
        _ id: StaticString, _ options: ProcessOptions, resource: @escaping () throws -> String?,
        _ location: SourceLocation, _ make: @escaping () throws -> Function
    ) -> Stream<OperatorFlow<ExchangeFlow<F, E>, ProcessOperator<Function>>>
    where Function.Key == E.Key, Function.Input == F.Out {
        let timeToLive = options.timeToLiveMilliseconds.map { "\(Double($0) / 1_000) s" }
        let node = builder.add(
            "\(id)", .transform("process"), upstreams: [node], output: Function.Output.self,
            details: [
                "state": String(describing: Function.State.self),
                "time to live": timeToLive ?? "none",
            ], isTimed: builder[node].isTimed, stateVersion: options.version,
            at: location)
        let flow = OperatorFlow(ExchangeFlow(self), node: node) { id, context in
            ProcessOperator(
                id: id, function: try make(), options: options, resource: try resource(),
                context: context)
        }
        return Stream(builder, flow)
    }
}
