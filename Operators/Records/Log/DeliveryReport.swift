/// The fate of a batch that was handed to a ``LogWriter``.
public struct DeliveryReport: Sendable {
    /// The token that the batch was written with.
    public var token: UInt64
    /// What went wrong; nil when every record is acknowledged.
    public var error: DataflowError?

    /// Makes a report.
    public init(token: UInt64, error: DataflowError? = nil) {
        self.token = token
        self.error = error
    }
}
