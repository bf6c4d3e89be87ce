internal import Dataflow
internal import Records

/// A push whose output was cut into pieces.
struct OpenPush {
    /// How many pieces have not met their fate.
    var left: Int
    /// What became of the first that failed.
    var error: DataflowError?
}

extension StageWorker {
    func push(
        _ values: Any, ticket: UInt64, now: EventTime, _ commands: inout [WorkerCommand]
    ) throws(DataflowError) {
        let task: StageTask
        do throws(DataflowError) {
            task = try pushTask()
        } catch {
            guard error.retry != .never else { throw error }
            // Whoever pushed can push again.
            return commands.append(.answer(ticket: ticket, error))
        }
        task.chain.context.now = now
        guard task.chain.inputs.contains(where: { $0.push(values) }) else {
            throw DataflowError(
                .invariant, domain: .internal, "pushed records are not of the source's type")
        }
        if let failure = task.chain.context.failure { throw failure }
        if let outputs = task.takeOutputs() {
            let pieces = produces(outputs, ticket: ticket)
            if pieces.count > 1 { pushes[ticket] = OpenPush(left: pieces.count) }
            commands += pieces
        } else {
            commands.append(.answer(ticket: ticket, nil))
        }
    }

    /// Answers a push, once all pieces of its output have met their fate.
    func delivered(
        _ ticket: UInt64, _ error: DataflowError?, _ commands: inout [WorkerCommand]
    ) {
        if var push = pushes[ticket] {
            push.left -= 1
            push.error = push.error ?? error
            pushes[ticket] = push.left > 0 ? push : nil
            if push.left == 0 { commands.append(.answer(ticket: ticket, push.error)) }
        } else {
            commands.append(.answer(ticket: ticket, error))
        }
    }

    /// A stage without offsets has one task a thread; it needs no claim.
    private func pushTask() throws(DataflowError) -> StageTask {
        if let task = tasks[0] { return task }
        return try makeTask(nextLife(of: 0), incarnation: 1)
    }
}
