internal import Foundation
public import Records

/// Brings pushed records to a thread: bounded, and answered one by one.
public final class Mailbox: @unchecked Sendable {
    // Guarded by `condition`; values are handed over whole and touched by the receiver alone.
    private let condition = NSCondition()
    private var pushes: [Push] = []
    private var answers: [UInt64: @Sendable (DataflowError?) -> Void] = [:]
    private var lastTicket: UInt64 = 0
    private var isClosed = false

    /// The most pushes that wait or are unanswered; more are refused.
    public static let bound = 10_000

    /// Records on their way to a stage.
    struct Push {
        let stage: String
        let ticket: UInt64
        let values: Any
    }

    /// Makes an empty mailbox.
    init() {}

    /// Hands records over to a stage.
    ///
    /// - Parameters:
    ///   - values: a `PushSource.Push` of the stage's type.
    ///   - answer: called once: with nil when all that followed is in the log, with an error otherwise.
    /// - Returns: false when the mailbox is full or closed; `answer` is not called then.
    public func push(
        stage: String, _ values: sending Any, answer: @escaping @Sendable (DataflowError?) -> Void
    ) -> Bool {
        condition.lock()
        defer { condition.unlock() }
        if isClosed || answers.count >= Mailbox.bound { return false }
        lastTicket += 1
        answers[lastTicket] = answer
        pushes.append(Push(stage: stage, ticket: lastTicket, values: values))
        condition.signal()
        return true
    }

    /// How many pushes are not answered yet.
    public var backlog: Int {
        condition.lock()
        defer { condition.unlock() }
        return answers.count
    }

    /// Answers a push.
    public func answer(_ ticket: UInt64, _ error: DataflowError?) {
        condition.lock()
        let answer = answers.removeValue(forKey: ticket)
        condition.unlock()
        answer?(error)
    }

    func take() -> [Push] {
        condition.lock()
        defer { condition.unlock() }
        let taken = pushes
        pushes = []
        return taken
    }

    func wait(milliseconds: Int) {
        condition.lock()
        if pushes.isEmpty {
            _ = condition.wait(until: Date(timeIntervalSinceNow: Double(milliseconds) / 1_000))
        }
        condition.unlock()
    }

    /// Refuses what comes, and answers what waits with an error.
    func close() {
        condition.lock()
        isClosed = true
        let open = answers.sorted { $0.key < $1.key }.map(\.value)
        answers = [:]
        pushes = []
        condition.unlock()
        let error = DataflowError(
            .logUnavailable, domain: .external, retry: .backoff, "the worker has stopped")
        for answer in open { answer(error) }
    }
}
