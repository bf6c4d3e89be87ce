internal import Dataflow
internal import Records
internal import State

/// How much an operator keeps.
public struct StateSize: Hashable, Sendable {
    /// Its bytes, as it writes them: of keys that were not written lately, the average of those that were.
    public var bytes = 0
    /// Its keys; 0 for state without keys.
    public var keys = 0

    /// Makes a size.
    public init(bytes: Int = 0, keys: Int = 0) {
        self.bytes = bytes
        self.keys = keys
    }
}

/// What the operators of one task keep, as far as its checkpoints tell.
struct StateWeight {
    private(set) var sizes: [OperatorID: StateSize] = [:]
    /// The average of a key's bytes in the latest section of each operator that wrote any.
    private var averages: [OperatorID: Double] = [:]
    /// The operators that have written no key since they were restored: all that is known of them is what their
    /// chain of checkpoints weighs, which is some times as much as what they keep.
    private var estimated: Set<OperatorID> = []

    var bytes: Int { sizes.values.reduce(0) { $0 + $1.bytes } }
    var keys: Int { sizes.values.reduce(0) { $0 + $1.keys } }
    /// How many of ``bytes`` are an estimate.
    var estimatedBytes: Int { estimated.reduce(0) { $0 + (sizes[$1]?.bytes ?? 0) } }

    /// Takes in what one checkpoint of a chain tells that is restored.
    ///
    /// - Parameters:
    ///   - sections: the bytes of each operator's section.
    ///   - keys: how many keys each will have once the whole chain is restored.
    mutating func restore(_ sections: [OperatorID: Int], keys: [OperatorID: Int]) {
        for (id, count) in keys where count > 0 {
            let size = StateSize(
                bytes: (sizes[id]?.bytes ?? 0) + (sections[id] ?? 0), keys: count)
            sizes[id] = size
            averages[id] = Double(size.bytes) / Double(count)
            estimated.insert(id)
        }
    }

    /// Whether it is known what the keys of every operator weigh.
    var isKnown: Bool { sizes.allSatisfy { $0.value.keys == 0 || averages[$0.key] != nil } }

    /// Takes in what a snapshot tells.
    mutating func note(_ snapshot: SnapshotWriter) {
        for (fingerprint, size) in zip(snapshot.fingerprints, snapshot.sizes) {
            let id = fingerprint.id
            guard let written = size.written else {
                sizes[id] = StateSize(bytes: size.bytes, keys: 0)
                continue
            }
            if written.count > 0 {
                averages[id] = Double(written.bytes) / Double(written.count)
                estimated.remove(id)
            }
            sizes[id] = StateSize(
                bytes: Int((averages[id] ?? 0) * Double(size.keys)), keys: size.keys)
        }
    }

    /// How much room the task's own bounds leave for state that may be incomplete.
    func room(_ options: WorkerOptions) -> StateRoom {
        max(
            StateRoom(used: bytes - estimatedBytes, of: options.maximumStateBytes),
            StateRoom(used: keys, of: options.maximumStateKeys))
    }

    /// What is wrong with so much state; nil when it is within its bounds, or may be.
    func excess(of task: TaskID, _ options: WorkerOptions) -> DataflowError? {
        let what: String
        let bytes = bytes - estimatedBytes
        if bytes > options.maximumStateBytes {
            what = "\(bytes) bytes, its bound is \(options.maximumStateBytes)"
        } else if keys > options.maximumStateKeys {
            what = "\(keys) keys, its bound is \(options.maximumStateKeys)"
        } else {
            return nil
        }
        let largest = sizes.max { ($0.value.bytes, $1.key) < ($1.value.bytes, $0.key) }
        return DataflowError(
            .limitExceeded, domain: .user,
            "the state of \(task) has \(what); most of it, \(largest?.value.bytes ?? 0) bytes of "
                + "\(largest?.value.keys ?? 0) keys, is kept by \(largest?.key.rawValue ?? "nobody"): "
                + "spread it over more partitions, set a time to live, or raise the bound",
            operatorID: largest?.key)
    }
}
