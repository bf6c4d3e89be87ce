/// Holds a door open until one of several ends comes, or until the door fails, and then lets what is under way
/// in it finish.
///
/// The door's own task is never cancelled: that would cut off its requests.
///
/// - Parameters:
///   - run: opens the door and returns when it is closed; nil when there is none.
///   - stop: tells `run` to close the door; `run` bounds how long that takes.
///   - ends: what is waited for; they are cancelled when the first of them has come.
/// - Throws: what `run` failed with.
func serveDoor(
    run: (@Sendable () async throws -> Void)?, stop: @escaping @Sendable () async -> Void,
    until ends: [@Sendable () async -> Void]
) async throws {
    let serving = run.map { run in Task { try await run() } }
    await withTaskGroup(of: Void.self) { group in
        if let serving { group.addTask { _ = await serving.result } }
        for end in ends { group.addTask { await end() } }
        await group.next()
        if serving != nil { await stop() }
        group.cancelAll()
    }
    try await serving?.value
}
