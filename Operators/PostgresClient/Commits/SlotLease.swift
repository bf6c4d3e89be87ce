/// One worker thread's right to a transactional id, until it expires or somebody else takes it over.
package struct SlotLease: Hashable, Sendable {
    /// The run.
    package let run: String
    /// The stage.
    package let stage: String
    /// The slot's number, from 0.
    package let slot: Int32
    /// Raised whenever the slot changes hands.
    package let generation: Int64

    /// The name of the producer that the slot stands for: `run.stage.slot`.
    package var transactionalID: String { "\(run).\(stage).\(slot)" }
}
