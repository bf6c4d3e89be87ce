internal import Dispatch
internal import Foundation
internal import Synchronization

/// The signals that ask a process to stop: interrupt and terminate.
///
/// The first asks for a stop in order. One that comes a second later or more ends the process where it stands,
/// for people who won't wait; those in between are the first's echoes: a terminal signals every process of a
/// job, and a script among them may pass its own on.
final class StopSignals: @unchecked Sendable {
    // The sources are only kept alive here, and nobody calls them after they were resumed; the rest is
    // guarded by `first` or never changes.
    private let stream: AsyncStream<Void>
    private let continuation: AsyncStream<Void>.Continuation
    private var sources: [any DispatchSourceSignal] = []
    private let first = Mutex<ContinuousClock.Instant?>(nil)
    private let end: @Sendable (Int32) -> Void

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
        sources = [SIGINT, SIGTERM].map { number in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number)
            source.setEventHandler { [self] in take(number, at: .now) }
            source.resume()
            return source
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
