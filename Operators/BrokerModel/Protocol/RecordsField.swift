/// The record batches of a Produce request or a Fetch response, never copied by the codec.
package enum RecordsField: Hashable, Sendable {
    /// No batches at all.
    case null
    /// Batches inside the frame that was read, as a range of its bytes.
    case frame(Range<Int>)
    /// Batches that the transport puts into the frame at this place: `count` bytes.
    case external(count: Int)
    /// Batches at hand.
    case bytes([UInt8])
}
