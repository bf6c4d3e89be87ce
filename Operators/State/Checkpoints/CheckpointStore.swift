/// Where checkpoints lie: named, immutable, durable blobs.
///
/// Names are made of `/`-separated parts of `[A-Za-z0-9._-]`. Errors are `DataflowError` values of code
/// `.storeUnavailable`, with retry `.backoff` where a later call may succeed.
public protocol CheckpointStore: AnyObject, Sendable {
    /// Writes a blob under a name that must be free; when the call returns the blob survives a power cut.
    ///
    /// - Throws: `.invariant` when the name is taken; a name is never used twice.
    func create(_ name: String, _ bytes: [UInt8]) throws
    /// Reads a blob; nil when there is none of that name.
    func read(_ name: String) throws -> [UInt8]?
    /// The names that begin with `prefix`, sorted.
    func list(prefix: String) throws -> [String]
    /// Removes a blob; one that is not there is no error.
    func delete(_ name: String) throws
}
