internal import Records

/// Commands that failed and are to be tried again, each after a longer pause, and not for ever.
struct RetryQueue {
    private var entries: [(time: EventTime, command: WorkerCommand)] = []
    /// Failures in a row of each kind of command.
    private var series: [String: Series] = [:]

    private struct Series {
        var count = 0
        var since: EventTime
        var at: EventTime
    }

    /// How long after a failure another one belongs to the same series, in milliseconds: longer than any call
    /// takes to fail.
    static let seriesMilliseconds: Int64 = 60_000

    /// When the next command is due.
    var earliest: EventTime? { entries.map(\.time).min() }

    /// How long to wait before a command is tried again: exponential, drawn at random from the upper half
    /// of what doubles each time, so that many who failed together don't come back together.
    ///
    /// - Returns: milliseconds; nil when it has failed for as long as anybody waits.
    mutating func pause(
        for command: WorkerCommand, now: EventTime, _ options: WorkerOptions,
        _ random: inout SeededGenerator
    ) -> Int64? {
        var run = series[command.name] ?? Series(since: now, at: now)
        if now.millisecondsSince(run.at) > RetryQueue.seriesMilliseconds {
            run = Series(since: now, at: now)
        }
        guard now.millisecondsSince(run.since) < options.longestOutageMilliseconds else {
            return nil
        }
        run.count += 1
        run.at = now
        series[command.name] = run
        let doubled = options.firstBackoffMilliseconds << min(20, run.count - 1)
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
    mutating func succeeded(_ name: String) { series[name] = nil }

    /// How often in a row commands of a kind have failed.
    func failures(of name: String) -> Int { series[name]?.count ?? 0 }

    /// The kinds of commands without which nothing that is read comes to anything.
    static let outageCommands: Set<String> = [
        "claim", "load", "start", "prepare", "flush", "decide", "produce",
    ]

    /// Those of ``outageCommands`` that have failed so often in a row, or more often.
    func failing(atLeast count: Int) -> [String] {
        series.filter { $0.value.count >= count && RetryQueue.outageCommands.contains($0.key) }
            .keys.sorted()
    }
}

extension WorkerCommand {
    /// The command's word, for counting and for logs.
    public var name: String {
        switch self {
        case .claim: "claim"
        case .load: "load"
        case .loadLink: "load"
        case .start: "start"
        case .skipGap: "skip-gap"
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
        case .report: "report"
        case .stopped: "stopped"
        }
    }
}
