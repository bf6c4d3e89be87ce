/// A pipeline's definition: what changes the shape of the graph is its code, what changes numbers and
/// names is its parameters.
public protocol Pipeline: SendableMetatype {
    /// What a configuration file may change; a default value for each.
    associatedtype Parameters: Codable & Sendable
    /// The pipeline's name: `[a-z0-9-]`, the prefix of its topics, groups and tables.
    static var name: String { get }
    /// The parameters without a configuration file.
    static var defaults: Parameters { get }
    /// Makes the definition.
    init()
    /// Names the operators.
    func build(_ graph: GraphBuilder, _ parameters: Parameters)
}
