internal import Records
public import State
internal import Synchronization

/// A checkpoint store in memory.
public final class SimulatedStore: CheckpointStore {
    private let blobs = Mutex<[String: [UInt8]]>([:])
    private let failures = Mutex<[Failure]>([])

    /// What becomes of a write.
    public enum Failure: Sendable {
        /// Nothing is kept, and the caller hears so.
        case refused
        /// The blob is kept, and the caller hears that it isn't.
        case unheard
        /// Half of the blob is kept under its name, and the caller hears that it isn't.
        case torn
    }

    /// What goes wrong when blobs are read; nil: nothing.
    public var faults: FaultPlan? {
        get { plan.withLock { $0.plan } }
        set { plan.withLock { $0.plan = newValue } }
    }

    /// Lent to one thread: the simulation's.
    private struct PlanBox: @unchecked Sendable { var plan: FaultPlan? }
    private let plan = Mutex(PlanBox())

    /// Makes an empty store.
    public init() {}

    /// Lets one of the next writes fail.
    public func failNext(_ failure: Failure) { failures.withLock { $0.append(failure) } }

    /// The longest name.
    static let maximumNameLength = 1_000

    /// Writes a blob.
    public func create(_ name: String, _ bytes: [UInt8]) throws {
        guard SimulatedStore.isWellFormed(name) else {
            throw DataflowError(
                .invariant, domain: .internal, "\"\(name.prefix(80))\" is no checkpoint's name")
        }
        let failure = failures.withLock { $0.isEmpty ? nil : $0.removeFirst() }
        if case .refused = failure { throw SimulatedStore.refusal }
        let isFree = blobs.withLock { blobs in
            if blobs[name] != nil { return false }
            if case .torn = failure {
                blobs[name] = Array(bytes.prefix(bytes.count / 2))
            } else {
                blobs[name] = bytes
            }
            return true
        }
        guard isFree else {
            throw DataflowError(
                .invariant, domain: .internal, "the name \(name) is taken; none is used twice")
        }
        if failure != nil { throw SimulatedStore.refusal }
    }

    private static var refusal: DataflowError {
        DataflowError(
            .storeUnavailable, domain: .external, retry: .backoff, "the store does not answer")
    }

    private static func isWellFormed(_ name: String) -> Bool {
        guard !name.isEmpty, name.utf8.count <= maximumNameLength else { return false }
        return name.split(separator: "/", omittingEmptySubsequences: false).allSatisfy { part in
            !part.isEmpty && part != "." && part != ".."
                && part.utf8.allSatisfy { byte in
                    switch byte {
                    case UInt8(ascii: "a")...UInt8(ascii: "z"),
                        UInt8(ascii: "A")...UInt8(ascii: "Z"),
                        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."),
                        UInt8(ascii: "_"), UInt8(ascii: "-"):
                        true
                    default: false
                    }
                }
        }
    }

    /// Reads a blob.
    public func read(_ name: String) throws -> [UInt8]? {
        guard var bytes = blobs.withLock({ $0[name] }) else { return nil }
        if !bytes.isEmpty, faults?.strikes(.bitFlipped, oneIn: 6) ?? false {
            bytes[bytes.count / 3] ^= 4
        }
        return bytes
    }

    /// The names that begin with `prefix`.
    public func list(prefix: String) throws -> [String] {
        blobs.withLock { $0.keys.filter { $0.hasPrefix(prefix) }.sorted() }
    }

    /// Removes a blob.
    public func delete(_ name: String) throws { blobs.withLock { $0[name] = nil } }

    /// Damages a blob: flips a bit of it.
    public func flipBit(of name: String, at byte: Int) {
        blobs.withLock { blobs in
            guard var bytes = blobs[name], bytes.indices.contains(byte) else { return }
            bytes[byte] ^= 1
            blobs[name] = bytes
        }
    }
}
