internal import Records

/// Commands that failed and are to be tried again, each after a longer pause, and not for ever.
struct RetryQueue {
    private var entries: [(time: EventTime, command: WorkerCommand)] = []
    private var attempts: [String: (count: Int, at: EventTime)] = [:]

    /// When the next command is due.
    var earliest: EventTime? { entries.map(\.time).min() }

    /// How long to wait before a command is tried again: exponential with full jitter above the first pause.
    ///
    /// Failures count together as long as no more than a few of the longest pauses lie between two.
    ///
    /// - Returns: milliseconds; nil when it was tried often enough.
    mutating func pause(
        for command: WorkerCommand, now: EventTime, _ options: WorkerOptions,
        _ random: inout SeededGenerator
    ) -> Int64? {
        let last = attempts[command.name] ?? (count: 0, at: .min)
        let isSeries =
            now.millisecondsSince(last.at) <= options.longestBackoffMilliseconds * 4
        let attempt = (isSeries ? last.count : 0) + 1
        guard attempt < options.maximumAttempts else { return nil }
        attempts[command.name] = (attempt, now)
        let doubled = options.firstBackoffMilliseconds << min(20, attempt - 1)
        let ceiling = min(options.longestBackoffMilliseconds, doubled)
        return ceiling / 2 + Int64(random.unit() * Double(ceiling / 2 + 1))
    }

    mutating func add(_ command: WorkerCommand, at time: EventTime) {
        entries.append((time, command))
    }

    /// Takes the commands that are due.
    mutating func due(now: EventTime) -> [WorkerCommand] {
        let due = entries.filter { $0.time <= now }.map(\.command)
        entries.removeAll { $0.time <= now }
        return due
    }

    /// Forgets how often a command was tried, as one of its kind has succeeded.
    mutating func succeeded(_ name: String) { attempts[name] = nil }
}

extension WorkerCommand {
    /// The command's word, for counting and for logs.
    public var name: String {
        switch self {
        case .claim: "claim"
        case .load: "load"
        case .start: "start"
        case .read: "read"
        case .withhold: "withhold"
        case .release: "release"
        case .produce: "produce"
        case .prepare: "prepare"
        case .flush: "flush"
        case .decide: "decide"
        case .abandon: "abandon"
        case .collect: "collect"
        case .wake: "wake"
        case .answer: "answer"
        case .stopped: "stopped"
        }
    }
}
