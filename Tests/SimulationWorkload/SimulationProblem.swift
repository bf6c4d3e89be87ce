package import Records

/// What is not as it must be in a run, and in which way: a mistake that is found for another reason than its own
/// is not found.
package struct SimulationProblem: Hashable, Sendable, CustomStringConvertible {
    /// The ways in which a run can go wrong.
    package enum Kind: String, CaseIterable, Hashable, Sendable {
        /// Something is missing, or counts less than it must.
        case lost
        /// Something was published twice, or counts more than it may.
        case doubled
        /// Something is there that nobody wrote, or in another order.
        case wrong
        /// A worker gave up.
        case stopped
        /// The run came to no end.
        case endless
    }

    /// In which way.
    package let kind: Kind
    /// What exactly; no payloads.
    package let text: String
    /// Why a worker gave up; nil: none did.
    package var failure: DataflowError?

    /// Whether what is there too often counts nothing that was not published before.
    package let isRepetition: Bool

    package init(
        _ kind: Kind, _ text: String, failure: DataflowError? = nil, isRepetition: Bool = false
    ) {
        self.kind = kind
        self.text = text
        self.failure = failure
        self.isRepetition = isRepetition
    }

    /// The text.
    package var description: String { text }

    package static func == (left: SimulationProblem, right: SimulationProblem) -> Bool {
        left.kind == right.kind && left.text == right.text
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(kind)
        hasher.combine(text)
    }
}
