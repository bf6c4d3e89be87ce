import Records
import RoadNetwork
import State
import Testing
import TrafficUpdates

@Suite("Records of the traffic topics")
struct TrafficUpdateTests {
    private let traversal = SegmentTraversal(
        vehicle: .max - 7, visitor: 9, segment: SegmentID(rawValue: .max - 3),
        enteredAt: EventTime(milliseconds: 1_000), leftAt: EventTime(milliseconds: 7_500),
        length: 81.5, completedAt: EventTime(milliseconds: 9_000), freeFlowSeconds: 5.25,
        confidence: 0.75)

    @Test("a passage comes back from the topic and from between stages")
    func traversals() throws {
        #expect(try SegmentTraversal(decoding: traversal.encoded) == traversal)
        var value = ByteWriter()
        #expect(traversal.encodeValue(into: &value))
        let read = try value.bytes.withUnsafeBytes { bytes in
            try SegmentTraversal(
                record: RecordView(
                    offset: Offset(0), timestamp: EventTime(milliseconds: 0), key: nil,
                    value: bytes))
        }
        // Who passes there every week is nobody else's business.
        var told = traversal
        told.visitor = 0
        #expect(read == told)
    }
}
