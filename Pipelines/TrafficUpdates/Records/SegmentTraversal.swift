public import Dataflow
public import MapMatching
public import Records
public import RoadNetwork
internal import State
internal import SwiftProtobuf

/// A vehicle's passage over a directed segment, or over a part of it; or that one is taken back, since a location
/// that was overtaken has shown it to be otherwise.
///
/// Whose vehicle it is can't be said without the key of ``Pseudonyms``.
public struct SegmentTraversal: Hashable, Sendable {
    /// Who drove: a number that is the user's for a day.
    public var vehicle: UInt64
    /// Who drove: a number that is the user's on this segment at this time of the week; 0 in what is read from
    /// the topic, which doesn't tell.
    ///
    /// The two numbers are never told together, or that of a week would say whose the numbers of its days are.
    public var visitor: UInt64
    /// Where.
    public var segment: SegmentID
    /// When the user entered the segment.
    public var enteredAt: EventTime
    /// When the user left it: the traversal's event time.
    public var leftAt: EventTime
    /// Metres driven.
    public var length: Double
    /// The time of the location that completed the passage.
    public var completedAt: EventTime
    /// Seconds that the passage takes when nothing is in the way.
    public var freeFlowSeconds: Double
    /// How probable the way is among those that the locations allow, 0 to 1.
    public var confidence: Double
    /// Whether this passage, which was told before, is no longer believed in.
    public var isTakenBack = false

    /// Makes a passage.
    public init(
        vehicle: UInt64, visitor: UInt64, segment: SegmentID, enteredAt: EventTime,
        leftAt: EventTime, length: Double, completedAt: EventTime, freeFlowSeconds: Double,
        confidence: Double
    ) {
        self.vehicle = vehicle
        self.visitor = visitor
        self.segment = segment
        self.enteredAt = enteredAt
        self.leftAt = leftAt
        self.length = length
        self.completedAt = completedAt
        self.freeFlowSeconds = freeFlowSeconds
        self.confidence = confidence
    }

    /// Seconds on the segment, at least a millisecond.
    public var seconds: Double { Double(max(1, leftAt.millisecondsSince(enteredAt))) / 1_000 }

    /// What windows are told: who drove on this day alone.
    var asVehicle: SegmentTraversal {
        var passage = self
        passage.visitor = 0
        return passage
    }

    /// What the profile is told: who drove here at this time of the week alone.
    var asVisitor: SegmentTraversal {
        var passage = self
        passage.vehicle = 0
        return passage
    }

    /// Takes this passage back.
    var takenBack: SegmentTraversal {
        var passage = self
        passage.isTakenBack = true
        return passage
    }
}

extension SegmentTraversal {
    /// The least share of a segment that a passage must cover to say something of it.
    static let leastShare = 0.5
    /// The least metres of a passage over a part: on less, noise weighs more than motion.
    static let leastMetres = 40.0

    /// Takes over what the matcher says; nil for a passage that covers too little of its segment, or stays on it:
    /// where a trip ends there is more standing than driving, and nobody else's business.
    public init?(
        _ traversal: Traversal, userID: String, graph: RoadGraph,
        pseudonyms: Pseudonyms = Pseudonyms()
    ) {
        let whole = graph.length(traversal.segment)
        let isLeft = traversal.leaveOffset > whole - 0.5
        let least = max(SegmentTraversal.leastMetres, SegmentTraversal.leastShare * whole)
        guard !traversal.endsTrack,
            traversal.isComplete || (isLeft && traversal.length >= least)
        else { return nil }
        self.init(
            vehicle: pseudonyms.vehicle(userID, at: traversal.leaveTime),
            visitor: pseudonyms.visitor(userID, traversal.id, traversal.leaveTime),
            segment: traversal.id, enteredAt: traversal.enterTime,
            leftAt: traversal.leaveTime, length: traversal.length,
            completedAt: traversal.completionTime,
            freeFlowSeconds: traversal.length / graph.freeFlowSpeed(traversal.segment),
            confidence: traversal.confidence)
    }
}

extension SegmentTraversal: BinaryCodable {
    /// Raised with the form of the bytes.
    public static var codecVersion: UInt32 { 3 }

    /// Reads a traversal.
    public init(from reader: inout ByteReader) throws(CodecError) {
        vehicle = try reader.integer()
        visitor = try reader.integer()
        segment = try SegmentID(from: &reader)
        enteredAt = try EventTime(from: &reader)
        leftAt = try EventTime(from: &reader)
        length = try reader.double()
        completedAt = try EventTime(from: &reader)
        freeFlowSeconds = try reader.double()
        confidence = try reader.double()
        isTakenBack = try Bool(from: &reader)
    }

    /// Writes the traversal.
    public func encode(into writer: inout ByteWriter) {
        writer.integer(vehicle)
        writer.integer(visitor)
        segment.encode(into: &writer)
        enteredAt.encode(into: &writer)
        leftAt.encode(into: &writer)
        writer.double(length)
        completedAt.encode(into: &writer)
        writer.double(freeFlowSeconds)
        writer.double(confidence)
        isTakenBack.encode(into: &writer)
    }
}

extension SegmentTraversal: KeyedTopicRecord {
    /// The topic `traversals` is divided by vehicle.
    public static var topicKey: PartialKeyPath<SegmentTraversal> { \.vehicle }

    /// Reads the Protobuf message.
    public init(record: RecordView) throws(CodecError) {
        let message: Millrace_Traffic_SegmentTraversal = try .reading(record.value)
        self.init(
            vehicle: message.vehicle, visitor: 0, segment: SegmentID(rawValue: message.segmentID),
            enteredAt: EventTime(milliseconds: message.enterMs),
            leftAt: EventTime(milliseconds: message.leaveMs), length: message.length,
            completedAt: EventTime(milliseconds: message.completedMs),
            freeFlowSeconds: message.freeFlowSeconds, confidence: message.confidence)
        isTakenBack = message.takenBack
    }

    /// The vehicle.
    public func encodeKey(into writer: inout ByteWriter) -> Bool {
        vehicle.encode(into: &writer)
        return true
    }

    /// The Protobuf message.
    public func encodeValue(into writer: inout ByteWriter) -> Bool {
        var message = Millrace_Traffic_SegmentTraversal()
        message.vehicle = vehicle
        message.takenBack = isTakenBack
        message.segmentID = segment.rawValue
        message.enterMs = enteredAt.milliseconds
        message.leaveMs = leftAt.milliseconds
        message.length = length
        message.completedMs = completedAt.milliseconds
        message.freeFlowSeconds = freeFlowSeconds
        message.confidence = confidence
        return message.write(into: &writer)
    }
}
