/// A client that appends to topics.
///
/// A writer belongs to one thread. Records of one partition are appended in the order of the calls.
public protocol LogWriter: AnyObject {
    /// How many partitions a topic has, as of a bounded time ago.
    func partitionCount(of topic: String) throws -> Int32

    /// The most bytes that key, value and headers of a record may have together.
    func recordBound(of topic: String) -> Int

    /// Hands records over for writing; their bytes are copied or written before the call returns.
    ///
    /// - Parameter token: comes back once in a ``DeliveryReport`` when all of the batch is acknowledged or
    ///   some of it has failed for good.
    /// - Throws: `.limitExceeded` with retry `.backoff` when the client's queue stayed full for its bounded
    ///   wait; none of the batch was taken then.
    func write(_ batch: OutputBatch, token: UInt64) throws

    /// The batches whose fate became known since the last call; serves the client's callbacks.
    func poll() -> [DeliveryReport]

    /// Waits until everything that was written is acknowledged; the reports come from ``poll()``.
    ///
    /// - Throws: when something failed for good or the time is over.
    func flush(timeoutMilliseconds: Int) throws

    /// Frees the client; what is not acknowledged by now may be lost.
    func close()
}

extension LogWriter {
    /// Any number: a log that doesn't say takes every record.
    public func recordBound(of topic: String) -> Int { .max }
}
