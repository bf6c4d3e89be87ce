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

    var bytes: Int { sizes.values.reduce(0) { $0 + $1.bytes } }
    var keys: Int { sizes.values.reduce(0) { $0 + $1.keys } }

    /// Takes in what a snapshot tells.
    mutating func note(_ snapshot: SnapshotWriter) {
        for (fingerprint, size) in zip(snapshot.fingerprints, snapshot.sizes) {
            guard let written = size.written else {
                sizes[fingerprint.id] = StateSize(bytes: size.bytes, keys: 0)
                continue
            }
            if written.count > 0 {
                averages[fingerprint.id] = Double(written.bytes) / Double(written.count)
            }
            let average = averages[fingerprint.id] ?? 0
            sizes[fingerprint.id] = StateSize(
                bytes: Int(average * Double(size.keys)), keys: size.keys)
        }
    }

    /// What is wrong with so much state; nil when it is within its bounds.
    func excess(of task: TaskID, _ options: WorkerOptions) -> DataflowError? {
        let what: String
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
