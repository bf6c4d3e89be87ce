/// A segment's row in the graph: what searches touch, in 36 bytes.
package struct SegmentRecord: BitwiseCopyable {
    package var from: Int32
    package var to: Int32
    /// The segment of the other direction, -1 for a one-way.
    package var reverse: Int32
    /// Metres.
    package var length: Float
    /// Seconds at free flow.
    package var seconds: Float
    package var firstPoint: UInt32
    package var pointCount: UInt32
    package var roadClass: UInt8
    package var access: UInt8
    /// km/h.
    package var speedLimit: UInt8
    /// Bit 0: the stored points run against the segment; bit 1: a roundabout.
    package var flags: UInt8

    package var isReversed: Bool { flags & 1 != 0 }
    package var isRoundabout: Bool { flags & 2 != 0 }
}

/// A point of a road's geometry and its distance in metres from the start of the stored points.
package struct ShapePoint: BitwiseCopyable {
    package var point: E7Point
    package var offset: Float
}
