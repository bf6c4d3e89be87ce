public import Records
public import State

/// The operators of one task, built and joined: what a task drives.
public struct TaskChain {
    /// Where data enters.
    public let inputs: [StageInput]
    /// What the operators share.
    public let context: TaskContext

    /// The input that reads a topic.
    public func input(reading topic: String) -> StageInput? {
        inputs.first { $0.topic == topic }
    }

    /// Begins a commit: afterwards everything that was held back for speed is in the outputs.
    public func flush() {
        for input in inputs { input.flush() }
    }

    /// Collects the state of all operators.
    public func snapshot(_ scope: SnapshotScope) -> SnapshotWriter {
        var writer = SnapshotWriter(scope)
        for input in inputs { input.snapshot(&writer) }
        return writer
    }

    /// Counts the keys of all operators, and saves nothing.
    public func keyCounts() -> SnapshotWriter {
        var writer = SnapshotWriter.counting()
        for input in inputs { input.snapshot(&writer) }
        return writer
    }

    /// Applies a snapshot.
    public func restore(_ reader: SnapshotReader) throws(CodecError) {
        for input in inputs { try input.restore(reader) }
    }
}
