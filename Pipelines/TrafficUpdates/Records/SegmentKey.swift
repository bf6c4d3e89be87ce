public import RoadNetwork
public import State

extension SegmentID: StreamKey {
    /// The mixed bits of the id.
    public var streamHash: UInt64 { rawValue.streamHash }
}
