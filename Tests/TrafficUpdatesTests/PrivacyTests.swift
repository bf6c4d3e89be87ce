import Dataflow
import Foundation
import LocationIngest
import OperatorTesting
import Records
import RoadNetwork
import Runtime
import Testing

@testable import TrafficUpdates

@Suite("Who drove stays inside")
struct PrivacyTests {
    @Test("SipHash-2-4 gives the words of its authors' test vectors")
    func sipHash() {
        // Key 00 01 … 0f; messages of 0, 1, 2 … bytes 00 01 02 … (vectors.h of the reference code).
        let hash = KeyedHash(0x0706_0504_0302_0100, 0x0f0e_0d0c_0b0a_0908)
        let expected: [Int: UInt64] = [
            0: 0x726f_db47_dd0e_0e31, 1: 0x74f8_39c5_93dc_67fd, 7: 0xab02_00f5_8b01_d137,
            8: 0x93f5_f579_9a93_2462, 15: 0xa129_ca61_49be_45e5,
        ]
        for (count, word) in expected {
            #expect(hash.hash((0..<count).map { UInt8($0) }) == word)
        }
    }

    private static let day: Int64 = 86_400_000

    @Test("a user has one number a day, another on the next, and with another key others")
    func rotation() {
        let pseudonyms = Pseudonyms(key: Array("sixteen bytes or more".utf8))
        func number(_ user: String, _ day: Double, _ key: Pseudonyms) -> UInt64 {
            key.vehicle(user, at: EventTime(milliseconds: Int64(day * Double(PrivacyTests.day))))
        }
        #expect(number("anna", 3.01, pseudonyms) == number("anna", 3.99, pseudonyms))
        let numbers = Set(
            (0..<50).flatMap { day in
                ["anna", "ben", ""].map { number($0, Double(day) - 20, pseudonyms) }
            })
        #expect(numbers.count == 150)
        #expect(number("anna", 3, pseudonyms) != number("anna", 3, Pseudonyms()))
        let segment = SegmentID(rawValue: 7)
        func visitor(_ segment: SegmentID, _ week: Int64, _ minutes: Int64) -> UInt64 {
            pseudonyms.visitor(
                "anna", segment,
                EventTime(milliseconds: week * 7 * PrivacyTests.day + minutes * 60_000))
        }
        // The same every week at this place and time, and only there.
        #expect(visitor(segment, 1, 0) == visitor(segment, 2, 4))
        #expect(visitor(segment, 1, 0) != visitor(segment, 1, 5))
        #expect(visitor(segment, 1, 0) != visitor(SegmentID(rawValue: 8), 1, 0))
    }

    @Test(
        "a key of too few bytes, or none that can be read, is refused; one that can be read counts")
    func keyFile() throws {
        let path = FileManager.default.temporaryDirectory
            .appendingPathComponent("millrace-key-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        #expect(throws: DataflowError.self) { try Pseudonyms(keyFile: path) }
        try Data("short".utf8).write(to: URL(fileURLWithPath: path))
        let error = #expect(throws: DataflowError.self) { try Pseudonyms(keyFile: path) }
        #expect(error?.message.contains("short") == false, "the secret is not told")
        try Data("a secret that is long enough".utf8).write(to: URL(fileURLWithPath: path))
        let time = EventTime(milliseconds: 0)
        #expect(
            try Pseudonyms(keyFile: path).vehicle("anna", at: time)
                != Pseudonyms(keyFile: "").vehicle("anna", at: time))
    }

    private static func notices(
        _ change: (inout TrafficUpdates.Parameters) -> Void
    ) throws -> [String] {
        let map = try TrafficPipelineTests.town()
        let builder = GraphBuilder(pipeline: TrafficUpdates.name)
        var parameters = TrafficUpdates.defaults
        // Any file that can be read will do here.
        parameters.pseudonymKeyFile = #filePath
        change(&parameters)
        TrafficUpdates(loadMap: { _ in map }).build(builder, parameters)
        return try builder.graph().notices
    }

    @Test("whoever starts the pipeline without a key of its own is warned")
    func warned() throws {
        #expect(
            try PrivacyTests.notices { $0.pseudonymKeyFile = "" }
                .contains { $0.contains("pseudonymKeyFile") })
        #expect(try PrivacyTests.notices { _ in }.isEmpty)
    }

    @Test("whoever waits for less than the matcher takes to decide is warned, with the number")
    func lateness() throws {
        let warnings = try PrivacyTests.notices { $0.lateness = 109 }
        #expect(warnings.count == 1)
        #expect(warnings.first?.contains("parameter lateness") ?? false)
        #expect(warnings.first?.contains("110.0 seconds") ?? false)
        #expect(try PrivacyTests.notices { $0.lateness = 110 }.isEmpty)
        #expect(try PrivacyTests.notices { $0.matcherLag = 115 }.count == 1)
        #expect(try PrivacyTests.notices { ($0.matcherLag, $0.reorder) = (60, 60) }.isEmpty)
    }

    @Test("no topic and no table holds a user's id; vehicles are told apart all the same")
    func topics() throws {
        let graph = try TrafficPipelineTests.town()
        let harness = try TrafficPipelineTests.harness(graph, 4)
        try harness.finish()
        let passages = try harness.records(of: "traversals", as: SegmentTraversal.self)
        #expect(Set(passages.map(\.vehicle)).count == 4)
        let needle = Array("car-".utf8)
        func tells(_ bytes: [UInt8]) -> Bool {
            bytes.indices.dropLast(needle.count - 1).contains { start in
                bytes[start..<(start + needle.count)].elementsEqual(needle)
            }
        }
        // Nor is the topic of passages: they are there before enough vehicles have passed.
        let silent = try TrafficPipelineTests.harness(graph, 4, TrafficUpdates.defaults)
        try silent.finish()
        #expect(try silent.records(of: "traversals", as: RawRecord.self).isEmpty)
        #expect(silent.rows(of: "live_traffic").count == harness.rows(of: "live_traffic").count)
        let topics = [
            "traversals", "traffic-updates", "traffic-updates.by-bin.repartition",
            "traffic-updates.by-segment.repartition",
        ]
        for topic in topics {
            let records = try harness.records(of: topic, as: RawRecord.self)
            #expect(!records.isEmpty, "\(topic)")
            #expect(records.allSatisfy { !tells($0.bytes) }, "\(topic)")
        }
        // No record has both of a vehicle's numbers: the week's would join its days.
        let vehicles = Set(passages.map(\.vehicle))
        for topic in ["by-bin", "by-segment"] {
            let records = try harness.records(
                of: "traffic-updates.\(topic).repartition", as: RawRecord.self)
            let holding = records.count { record in
                vehicles.contains { number in
                    let bytes = withUnsafeBytes(of: number.littleEndian) { Array($0) }
                    return record.bytes.indices.dropLast(7).contains {
                        record.bytes[$0..<($0 + 8)].elementsEqual(bytes)
                    }
                }
            }
            // Sums of windows count vehicles, the profile visitors.
            #expect(topic == "by-bin" ? holding == 0 : holding > 0)
        }
        // The topic of places is not there unless it is asked for.
        #expect(try harness.records(of: "matched-locations", as: RawRecord.self).isEmpty)
        #expect(!harness.rows(of: "live_traffic").isEmpty)
    }

    /// All bytes of a record.
    private struct RawRecord: TopicRecord {
        var bytes: [UInt8]

        init(record: RecordView) throws(CodecError) {
            bytes = (record.key.map { Array($0) } ?? []) + (record.value.map { Array($0) } ?? [])
        }

        func encodeKey(into writer: inout ByteWriter) -> Bool { false }
        func encodeValue(into writer: inout ByteWriter) -> Bool { false }
    }
}
