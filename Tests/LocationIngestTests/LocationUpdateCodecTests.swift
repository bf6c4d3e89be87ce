import Records
import SwiftProtobuf
import Testing

@testable import LocationIngest

@Suite("Location updates on the wire")
struct LocationUpdateCodecTests {
    /// A random update, with the values that are special on the wire more often than by chance.
    static func random(_ random: inout SeededGenerator) -> LocationUpdate {
        func coordinate(_ bound: Double, _ random: inout SeededGenerator) -> Double {
            switch random.next() % 12 {
            case 0: return 0
            case 1: return -0.0
            case 2: return Double(bitPattern: random.next())
            default: return (random.unit() * 2 - 1) * bound
            }
        }
        let letters = ["u", "7", "-", "é", "漢", "🚗", "\u{0}", "\""]
        let userID = (0..<Int(random.next() % 40)).map { _ in
            letters[Int(random.next() % UInt64(letters.count))]
        }.joined()
        let times: [Int64] = [0, 1, -1, .min, .max, 1_479_826_800_000]
        return LocationUpdate(
            userID: userID,
            userMode: UserMode(rawValue: Int32(truncatingIfNeeded: random.next() % 5)),
            navigationMode: NavigationMode(
                rawValue: random.next() % 8 == 0
                    ? Int32(truncatingIfNeeded: random.next()) : Int32(random.next() % 7)),
            latitude: coordinate(90, &random), longitude: coordinate(180, &random),
            observedAt: EventTime(
                milliseconds: random.next() % 4 == 0
                    ? times[Int(random.next() % 6)] : Int64(bitPattern: random.next())),
            heading: random.next() % 2 == 0 ? nil : coordinate(360, &random),
            speed: random.next() % 2 == 0 ? nil : coordinate(60, &random))
    }

    /// Equality by bits, so that NaN equals itself.
    static func bits(_ update: LocationUpdate) -> [String] {
        [
            update.userID, "\(update.userMode.rawValue)", "\(update.navigationMode.rawValue)",
            "\(update.latitude.bitPattern)", "\(update.longitude.bitPattern)",
            "\(update.observedAt.milliseconds)", "\(update.heading?.bitPattern ?? 1)",
            "\(update.speed?.bitPattern ?? 1)",
        ]
    }

    @Test("the codec writes the bytes of swift-protobuf and reads them back, 2,000 seeded values")
    func sameBytes() throws {
        var random = SeededGenerator(seed: 1)
        for _ in 0..<2_000 {
            let update = Self.random(&random)
            let bytes = LocationUpdateCodec.encode(update)
            let generated: [UInt8] = try update.message.serializedBytes()
            try #require(bytes == generated)
            let back = try LocationUpdateCodec.decode(bytes)
            try #require(Self.bits(back) == Self.bits(update))
            let message = try Millrace_Location_LocationUpdate(serializedBytes: bytes)
            try #require(Self.bits(LocationUpdate(message)) == Self.bits(update))
        }
    }

    @Test("fields in any order, twice, and unknown ones of every wire type are read as by Protobuf")
    func unknownFields() throws {
        var random = SeededGenerator(seed: 2)
        for _ in 0..<2_000 {
            var writer = ByteWriter()
            for _ in 0..<Int(random.next() % 12) { Self.field(&writer, &random, depth: 3) }
            let message = try Millrace_Location_LocationUpdate(serializedBytes: writer.bytes)
            let update = try LocationUpdateCodec.decode(writer.bytes)
            try #require(Self.bits(update) == Self.bits(LocationUpdate(message)))
        }
    }

    /// Writes a field of a random number, known or not, in a random wire type.
    static func field(_ writer: inout ByteWriter, _ random: inout SeededGenerator, depth: Int) {
        let numbers: [UInt64] = [1, 2, 3, 4, 5, 6, 7, 8, 15, 16, 2_047, 536_870_911]
        let number = numbers[Int(random.next() % UInt64(numbers.count))]
        switch random.next() % 5 {
        case 0:
            writer.varint(number << 3)
            writer.varint(random.next() >> (random.next() % 64))
        case 1:
            writer.varint(number << 3 | 1)
            writer.integer(random.next())
        case 2:
            writer.varint(number << 3 | 2)
            writer.string(String(repeating: "x", count: Int(random.next() % 9)))
        case 3 where depth > 0:
            writer.varint(number << 3 | 3)
            for _ in 0..<Int(random.next() % 3) {
                field(&writer, &random, depth: depth - 1)
            }
            writer.varint(number << 3 | 4)
        default:
            writer.varint(number << 3 | 5)
            writer.integer(UInt32(truncatingIfNeeded: random.next()))
        }
    }

    @Test("what the codec reads from 10,000 damaged messages, swift-protobuf reads too")
    func damaged() throws {
        var random = SeededGenerator(seed: 3)
        var read = 0
        for _ in 0..<10_000 {
            var bytes = LocationUpdateCodec.encode(Self.random(&random))
            for _ in 0...Int(random.next() % 3) where !bytes.isEmpty {
                let place = Int(random.next() % UInt64(bytes.count))
                switch random.next() % 4 {
                case 0: bytes.remove(at: place)
                case 1: bytes.insert(UInt8(truncatingIfNeeded: random.next()), at: place)
                case 2: bytes.removeLast(bytes.count - place)
                default: bytes[place] = UInt8(truncatingIfNeeded: random.next())
                }
            }
            guard let update = try? LocationUpdateCodec.decode(bytes) else { continue }
            read += 1
            let message = try Millrace_Location_LocationUpdate(serializedBytes: bytes)
            try #require(Self.bits(update) == Self.bits(LocationUpdate(message)))
        }
        #expect(read > 500)
    }

    @Test(
        "malformed bytes are refused",
        arguments: [
            ([0x0A], CodecError.truncated),
            ([0x0A, 2, 0x61], .truncated),
            ([0x0A, 1, 0xFF], .malformed("not UTF-8")),
            ([0x21, 0, 0], .truncated),
            ([0x00, 0], .malformed("field number 0")),
            ([0x3E], .malformed("wire type 6")),
            ([0x3C], .malformed("a group ends that did not begin")),
            ([0x3B], .truncated),
            ([0x3B, 0x44], .malformed("a group ends that did not begin")),
            ([0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01, 0], .malformed("a tag past 32 bits")),
            (Array(repeating: 0x3B, count: 101), .malformed("groups nested too deeply")),
        ] as [([UInt8], CodecError)])
    func malformed(bytes: [UInt8], error: CodecError) {
        #expect(throws: error) { try LocationUpdateCodec.decode(bytes) }
    }

    @Test("as a state the update carries its length, so that several stand in a row")
    func binaryCodable() throws {
        var random = SeededGenerator(seed: 4)
        let updates = (0..<20).map { _ in
            LocationUpdate(
                userID: "u\(random.next())", latitude: random.unit(), longitude: 1,
                observedAt: EventTime(milliseconds: 5))
        }
        #expect(try [LocationUpdate](decoding: updates.encoded) == updates)
    }

    @Test("modes keep unknown codes, name them, and map unknown names to other")
    func modes() {
        #expect(UserMode(name: "active") == .active)
        #expect(UserMode(name: "dancing") == .other)
        #expect(UserMode(name: "") == .unspecified)
        #expect(UserMode(rawValue: 99).name == "code-99")
        #expect(UserMode(rawValue: -1).name == "code--1")
        #expect(NavigationMode(name: "driving") == .driving)
        #expect(NavigationMode(name: "Driving") == .other)
        #expect(NavigationMode(rawValue: 4).name == "transit")
        #expect(NavigationMode(rawValue: .max).name == "code-2147483647")
    }

    @Test("an implausible update is told apart")
    func plausible() {
        let good = LocationUpdate(
            userID: "u", latitude: 49, longitude: 8, observedAt: EventTime(milliseconds: 1))
        #expect(good.isPlausible)
        for change: (inout LocationUpdate) -> Void in [
            { $0.latitude = 90.1 }, { $0.latitude = .nan }, { $0.longitude = -180.1 },
            { $0.longitude = .infinity }, { $0.userID = "" },
            { $0.observedAt = EventTime(milliseconds: 0) },
            {
                $0.latitude = 0
                $0.longitude = 0
            },
        ] {
            var bad = good
            change(&bad)
            #expect(!bad.isPlausible)
        }
    }
}
