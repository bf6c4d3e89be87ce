internal import CPostgres
internal import Glibc

/// Waits that end on this side, too.
///
/// The server's own time-outs end nothing when its process stands still: the kernel goes on acknowledging what is
/// sent, so neither TCP nor libpq's blocking calls would ever notice.
extension PostgresConnection {
    /// Sends a request and waits for its answer, for `statements` times as long as one may take.
    ///
    /// - Returns: the last of its results, or the one that began a COPY; the caller owns it.
    /// - Throws: `.connectionLost` when the time is over; the connection is closed then.
    func answer(statements: Int = 1, _ send: () -> Int32) throws -> OpaquePointer? {
        guard handle != nil, send() == 1 else { throw error(of: nil) }
        let deadline = ContinuousClock.now + answerLimit * max(1, statements)
        try flush(until: deadline)
        return try collect(until: deadline)
    }

    /// Takes the results of a request that was sent.
    private func collect(until deadline: ContinuousClock.Instant) throws -> OpaquePointer? {
        var last: OpaquePointer?
        do {
            while true {
                try awaitResult(until: deadline)
                guard let result = PQgetResult(handle) else { return last }
                if let last { PQclear(last) }
                last = result
                switch PQresultStatus(result) {
                case PGRES_COPY_IN, PGRES_COPY_OUT, PGRES_COPY_BOTH: return last
                default: continue
                }
            }
        } catch {
            if let last { PQclear(last) }
            throw error
        }
    }

    private func awaitResult(until deadline: ContinuousClock.Instant) throws {
        while PQisBusy(handle) == 1 {
            try wait(for: POLLIN, until: deadline)
            // A connection that broke is told by the result.
            if PQconsumeInput(handle) == 0 { return }
        }
    }

    private func flush(until deadline: ContinuousClock.Instant) throws {
        while PQflush(handle) == 1 {
            // The server may not read on before somebody takes what it says.
            let events = try wait(for: POLLIN | POLLOUT, until: deadline)
            if events & Int16(POLLIN) != 0, PQconsumeInput(handle) == 0 { return }
        }
    }

    @discardableResult
    private func wait(
        for events: Int32, until deadline: ContinuousClock.Instant
    ) throws -> Int16 {
        var descriptor = pollfd(fd: PQsocket(handle), events: Int16(events), revents: 0)
        guard descriptor.fd >= 0 else { return 0 }
        while true {
            let left = deadline - ContinuousClock.now
            guard left > .zero else {
                // Nothing is asked of the server any more: it would not answer that either.
                close()
                throw PostgresError(
                    .connectionLost, "the server has not answered within \(answerLimit)")
            }
            let ready = poll(&descriptor, 1, Int32(clamping: left.wholeMilliseconds))
            // Whatever is wrong with the socket, libpq finds out as well.
            if ready > 0 || (ready < 0 && errno != EINTR) { return descriptor.revents }
        }
    }

    // MARK: COPY

    /// Hands a piece of a COPY over.
    func put(_ bytes: UnsafeRawBufferPointer) throws {
        let deadline = ContinuousClock.now + answerLimit
        var sent: Int32
        repeat {
            sent = PQputCopyData(
                handle, bytes.baseAddress?.assumingMemoryBound(to: CChar.self),
                Int32(truncatingIfNeeded: bytes.count))
            if sent == 0 { try wait(for: POLLOUT, until: deadline) }
        } while sent == 0
        guard sent == 1 else { throw error(of: nil) }
        try flush(until: deadline)
    }

    /// Ends a COPY, in failure if a reason is given.
    ///
    /// - Returns: its result; the caller owns it.
    func endCopy(_ reason: String? = nil) throws -> OpaquePointer? {
        let deadline = ContinuousClock.now + answerLimit
        var sent: Int32
        repeat {
            sent = PQputCopyEnd(handle, reason)
            if sent == 0 { try wait(for: POLLOUT, until: deadline) }
        } while sent == 0
        guard sent == 1 else { throw error(of: nil) }
        try flush(until: deadline)
        return try collect(until: deadline)
    }
}
