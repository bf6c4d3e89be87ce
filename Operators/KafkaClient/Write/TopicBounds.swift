internal import Records

/// The most bytes that topics take in a batch of records (`max.message.bytes`), as far as that is known; learned
/// again when a cluster refuses a batch for its size, as somebody has set a lower one meanwhile.
///
/// It belongs to one thread.
package final class TopicBounds {
    /// What is known.
    package private(set) var known: [String: Int]
    private let ask: ([String]) throws -> [String: Int]

    /// Below how many bytes no bound is guessed.
    package static let leastGuess = 1_024

    /// Begins with what is known.
    ///
    /// - Parameter ask: asks the cluster for the bounds of topics; it may keep them to itself.
    package init(
        _ known: [String: Int] = [:], ask: @escaping ([String]) throws -> [String: Int]
    ) {
        self.known = known
        self.ask = ask
    }

    /// Learns the bound of topics that have refused a batch.
    ///
    /// Where the cluster names none that explains it, half of what was believed is believed from now on.
    func learn(_ topics: Set<String>) {
        let told = (try? ask(topics.sorted())) ?? [:]
        for topic in topics {
            let before = known[topic] ?? KafkaWriterOptions.defaultRecordBytes
            let guess = max(TopicBounds.leastGuess, before / 2)
            known[topic] = told[topic].map { $0 < before ? $0 : guess } ?? guess
        }
    }
}
