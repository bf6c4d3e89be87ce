/// Calls a function: `rate(name[5m])`.
public struct FunctionCall: Sendable {
    /// What is called.
    public var function: PromQLFunction
    /// What it is given.
    public var arguments: [Expression]
    /// Where it stands.
    public var range: SourceRange
}
