/// What a definition asks of whoever runs it, in numbers: each may be set anew by a flag, and has a default.
public struct RunPolicy: Hashable, Sendable {
    /// How long after a commit the next one begins, in milliseconds: 10 to 60,000.
    public var commitMilliseconds: Int64?
    /// After how many records of a stage on one thread a commit begins early: 1 or more.
    public var commitRecords: Int?
    /// The most bytes of a task's state, as its operators write it: 1 or more.
    public var maximumStateBytes: Int?
    /// The most keys of a task's operators together: 1 or more.
    public var maximumStateKeys: Int?

    /// What may stand between two commits, in milliseconds.
    public static let commitRange: ClosedRange<Int64> = 10...60_000

    /// Asks for nothing, or for some of it.
    public init(
        commitMilliseconds: Int64? = nil, commitRecords: Int? = nil, maximumStateBytes: Int? = nil,
        maximumStateKeys: Int? = nil
    ) {
        self.commitMilliseconds = commitMilliseconds
        self.commitRecords = commitRecords
        self.maximumStateBytes = maximumStateBytes
        self.maximumStateKeys = maximumStateKeys
    }

    /// What is asked for here, and there where nothing is said here.
    public func over(_ other: RunPolicy) -> RunPolicy {
        RunPolicy(
            commitMilliseconds: commitMilliseconds ?? other.commitMilliseconds,
            commitRecords: commitRecords ?? other.commitRecords,
            maximumStateBytes: maximumStateBytes ?? other.maximumStateBytes,
            maximumStateKeys: maximumStateKeys ?? other.maximumStateKeys)
    }

    /// Everything that can't be used, each as a clause.
    public var faults: [String] {
        var faults: [String] = []
        if let commitMilliseconds, !RunPolicy.commitRange.contains(commitMilliseconds) {
            faults.append("a commit every \(commitMilliseconds) ms; it is 10 to 60000")
        }
        let counts = [
            ("records of a commit", commitRecords), ("bytes of state", maximumStateBytes),
            ("keys of state", maximumStateKeys),
        ]
        for (what, count) in counts {
            if let count, count < 1 { faults.append("\(count) \(what); it is at least 1") }
        }
        return faults
    }
}
