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

    /// Makes a lease, as it is kept.
    package init(run: String, stage: String, slot: Int32, generation: Int64) {
        self.run = run
        self.stage = stage
        self.slot = slot
        self.generation = generation
    }

    /// The name of the producer that the slot stands for: `run.stage.slot`.
    package var transactionalID: String { "\(run).\(stage).\(slot)" }
}
