public import Dataflow
public import Records
public import RoadNetwork
internal import SwiftProtobuf

/// Where on the road a location was placed.
public struct MatchedLocation: Hashable, Sendable {
    /// Whose location it is.
    public var userID: String
    /// When it was measured.
    public var observedAt: EventTime
    /// The directed segment; nil: none led there.
    public var segment: SegmentID?
    /// Metres from the segment's start.
    public var offset: Double
}

extension MatchedLocation: KeyedTopicRecord {
    /// The topic `matched-locations` is divided by user.
    public static var topicKey: PartialKeyPath<MatchedLocation> { \.userID }

    /// Reads the Protobuf message.
    public init(record: RecordView) throws(CodecError) {
        let message: Millrace_Traffic_MatchedLocation = try .reading(record.value)
        self.init(
            userID: message.userID,
            observedAt: EventTime(milliseconds: message.observedAtMs),
            segment: message.hasSegmentID ? SegmentID(rawValue: message.segmentID) : nil,
            offset: message.offset)
    }

    /// The user.
    public func encodeKey(into writer: inout ByteWriter) -> Bool {
        userID.encode(into: &writer)
        return true
    }

    /// The Protobuf message.
    public func encodeValue(into writer: inout ByteWriter) -> Bool {
        var message = Millrace_Traffic_MatchedLocation()
        message.userID = userID
        message.observedAtMs = observedAt.milliseconds
        if let segment { message.segmentID = segment.rawValue }
        message.offset = offset
        return message.write(into: &writer)
    }
}
