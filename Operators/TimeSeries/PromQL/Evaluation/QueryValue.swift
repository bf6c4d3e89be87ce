/// What a query yields.
public enum QueryValue: Sendable {
    /// One number at one time.
    case scalar(Sample)
    /// A text.
    case string(String)
    /// The values of series at one time, in an order that `sort` or `topk` may have chosen.
    case vector([VectorSample])
    /// The points of series, in the order of their labels.
    case matrix([MatrixSeries])
}
