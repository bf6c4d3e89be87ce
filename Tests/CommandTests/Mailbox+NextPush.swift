import Foundation

@testable import Runtime

extension Mailbox {
    /// Waits for what somebody pushes, two minutes at most.
    func nextPush() async -> Push? {
        await withCheckedContinuation { continuation in
            // A thread of its own: a blocked one of the shared pool would stall whoever pushes.
            Thread.detachNewThread {
                for _ in 0..<1_200 {
                    if let push = self.take().first {
                        continuation.resume(returning: push)
                        return
                    }
                    self.wait(milliseconds: 100)
                }
                continuation.resume(returning: nil)
            }
        }
    }
}
