internal import Foundation
internal import Synchronization

/// The signals that ask a process to stop: interrupt and terminate.
///
/// The first asks for a stop in order. One that comes a second later or more ends the process where it stands,
/// for people who won't wait; those in between are the first's echoes: a terminal signals every process of a
/// job, and a script among them may pass its own on.
///
/// A handler of our own writes them to a pipe: libdispatch's sources on Linux lose one now and then.
final class StopSignals: Sendable {
    private let stream: AsyncStream<Void>
    private let continuation: AsyncStream<Void>.Continuation
    private let first = Mutex<ContinuousClock.Instant?>(nil)
    private let end: @Sendable (Int32) -> Void

    // Written once, before there is a handler; a pointer, as a handler may not enter Swift's runtime.
    private nonisolated(unsafe) static let handlerEnd = {
        let place = UnsafeMutablePointer<Int32>.allocate(capacity: 1)
        place.initialize(to: -1)
        return place
    }()

    /// How long after the first signal another one is its echo.
    static let echo = Duration.seconds(1)

    /// From here on the signals no longer end the process by themselves.
    convenience init() {
        self.init { number in
            // As the signal would have: whoever waits for the process sees what it died of.
            signal(number, SIG_DFL)
            var only = sigset_t()
            sigemptyset(&only)
            sigaddset(&only, number)
            pthread_sigmask(SIG_UNBLOCK, &only, nil)
            raise(number)
        }
        var ends: [Int32] = [-1, -1]
        // Without a pipe, which no process of this size lacks, signals end the process as ever.
        guard pipe(&ends) == 0 else { return }
        for descriptor in ends { _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC) }
        // A flood must not hold up a handler.
        _ = fcntl(ends[1], F_SETFL, O_NONBLOCK)
        StopSignals.handlerEnd.pointee = ends[1]
        Thread.detachNewThread { [self, readEnd = ends[0]] in listen(readEnd) }
        for number in [SIGINT, SIGTERM] {
            signal(number) { number in
                let kept = errno
                var byte = UInt8(truncatingIfNeeded: number)
                _ = write(StopSignals.handlerEnd.pointee, &byte, 1)
                errno = kept
            }
        }
    }

    private func listen(_ descriptor: Int32) {
        var number: UInt8 = 0
        while true {
            let count = read(descriptor, &number, 1)
            if count < 0 && errno == EINTR { continue }
            guard count == 1 else { return }
            take(Int32(number), at: .now)
        }
    }

    /// Listens to no signal of the system.
    ///
    /// - Parameter end: ends the process by a signal.
    init(end: @escaping @Sendable (Int32) -> Void) {
        (stream, continuation) = AsyncStream.makeStream(
            of: Void.self, bufferingPolicy: .bufferingOldest(1))
        self.end = end
    }

    /// Takes a signal that came at a time.
    func take(_ number: Int32, at now: ContinuousClock.Instant) {
        let isSecond = first.withLock { first in
            guard let asked = first else {
                first = now
                return false
            }
            return now - asked >= StopSignals.echo
        }
        if isSecond { end(number) } else { continuation.yield() }
    }

    /// Asks for a stop as a signal would when standard input ends: whoever holds its other end is gone then.
    func followStandardInput() {
        // A blocking read on a thread of its own: epoll takes no file, and standard input may be one.
        Thread.detachNewThread { [continuation] in
            var byte: UInt8 = 0
            while true {
                let count = read(STDIN_FILENO, &byte, 1)
                if count < 0 && errno == EINTR { continue }
                if count <= 0 { break }
            }
            continuation.yield()
        }
    }

    /// Returns when one of the signals has come; for one waiter.
    func wait() async {
        for await _ in stream { return }
    }
}
