/// A stream divided by a key: what windows, joins and process functions are called on.
public struct KeyedStream<F: Flow, E: KeyExtractor> where E.Input == F.Out {
    /// Where the definition is noted.
    public let builder: GraphBuilder
    /// The chain upstream of the key.
    public let flow: F
    /// How a record's key is found.
    public let extractor: E
    /// The keying node.
    public let node: NodeID

    /// Wraps a flow and its key.
    public init(_ builder: GraphBuilder, _ flow: F, extractor: E, node: NodeID) {
        self.builder = builder
        self.flow = flow
        self.extractor = extractor
        self.node = node
    }
}
