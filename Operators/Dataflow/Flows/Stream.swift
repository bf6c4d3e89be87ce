/// A stream of records: what operators are called on.
///
/// A stream is a description. Calling an operator notes it in the graph and returns the stream behind
/// it; nothing runs before a plan is made and a task is built.
public struct Stream<F: Flow> {
    /// Where the definition is noted.
    public let builder: GraphBuilder
    /// The chain so far.
    public let flow: F

    /// Wraps a flow.
    public init(_ builder: GraphBuilder, _ flow: F) {
        self.builder = builder
        self.flow = flow
    }

    /// The node that yields the stream.
    public var node: GraphNode { builder[flow.node] }
}
