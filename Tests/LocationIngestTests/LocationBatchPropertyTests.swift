import LocationIngest
import Records
import Testing

/// Batches, good or damaged, made from a seed.
enum SeededBatches {
    static func batch(_ random: inout SeededGenerator, points: Int) -> LocationBatch {
        var batch = LocationBatch(
            userID: "user-\(random.next() % 1_000)\"\\\n".prefix(5 + Int(random.next() % 9))
                .filter { $0 != "\n" }.description,
            userMode: UserMode(rawValue: Int32(random.next() % 4)),
            navigationMode: NavigationMode(rawValue: Int32(random.next() % 6)))
        for _ in 0..<points {
            batch.points.append(
                .init(
                    latitude: (random.unit() * 2 - 1) * 90,
                    longitude: (random.unit() * 2 - 1) * 180,
                    observedAt: testNow.advanced(
                        byMilliseconds: -Int64(random.next() % 86_400_000))))
        }
        // Some devices tell more, and not with every position.
        if random.next() % 2 == 0 {
            for index in batch.points.indices where random.next() % 3 > 0 {
                batch.points[index].heading = random.unit() * 360
                if random.next() % 2 == 0 { batch.points[index].speed = random.unit() * 60 }
            }
        }
        return batch
    }

    /// A valid request with one to four seeded changes of its bytes.
    static func mutation(_ random: inout SeededGenerator) -> [UInt8] {
        var bytes = batch(&random, points: 1 + Int(random.next() % 6)).json()
        let alphabet = Array(#"{}[]",:\-+.eE0129 tfnuNI"#.utf8) + [0, 0x0A, 0x7F, 0x80, 0xC3, 0xFF]
        for _ in 0...Int(random.next() % 4) where !bytes.isEmpty {
            let place = Int(random.next() % UInt64(bytes.count))
            let other = Int(random.next() % UInt64(bytes.count))
            let letter = alphabet[Int(random.next() % UInt64(alphabet.count))]
            switch random.next() % 7 {
            case 0: bytes.remove(at: place)
            case 1: bytes.insert(letter, at: place)
            case 2: bytes.removeSubrange(min(place, other)..<max(place, other))
            case 3:
                bytes.insert(contentsOf: bytes[min(place, other)..<max(place, other)], at: place)
            case 4: bytes.removeLast(bytes.count - place)
            case 5: bytes[place] = UInt8(truncatingIfNeeded: random.next())
            default: bytes[place] = letter
            }
        }
        return bytes
    }
}

@Suite("Requests from a seed")
struct LocationBatchPropertyTests {
    @Test("a batch comes back as it was written, 500 seeded ones")
    func roundTrip() throws {
        var random = SeededGenerator(seed: 11)
        for _ in 0..<500 {
            let batch = SeededBatches.batch(&random, points: 1 + Int(random.next() % 20))
            let decoded = try LocationBatchDecoder().decode(batch.json(), now: testNow)
            #expect(decoded.rejected.isEmpty)
            try #require(
                decoded.accepted
                    == batch.points.map {
                        LocationUpdate(
                            userID: batch.userID, userMode: batch.userMode,
                            navigationMode: batch.navigationMode, latitude: $0.latitude,
                            longitude: $0.longitude, observedAt: $0.observedAt,
                            heading: $0.heading, speed: $0.speed)
                    })
        }
    }

    @Test("headings and speeds stand beside the points, and nowhere when no device told any")
    func motion() {
        var batch = LocationBatch(userID: "u")
        batch.points = [.init(latitude: 1, longitude: 2, observedAt: testNow)]
        let bare = #"{"user_id":"u","locs":[[1.0,2.0,1479827400000]"#
        #expect(String(decoding: batch.json(), as: UTF8.self) == bare + "]}")
        batch.points.append(batch.points[0])
        batch.points[1].heading = 90.5
        #expect(
            String(decoding: batch.json(), as: UTF8.self)
                == bare + #",[1.0,2.0,1479827400000]],"headings":[null,90.5]}"#)
        batch.points[0].speed = 7
        #expect(
            String(decoding: batch.json(), as: UTF8.self)
                == bare
                + #",[1.0,2.0,1479827400000]],"headings":[null,90.5],"speeds":[7.0,null]}"#)
    }

    @Test("times before March 1973 come back too")
    func earlyTimes() throws {
        var limits = LocationLimits()
        limits.ageMilliseconds = .max
        limits.futureMilliseconds = .max
        var random = SeededGenerator(seed: 12)
        for milliseconds in [0, 1, -1, 999, -999, 99_999_999_999, 100_000_000_000, -99_999_999_999]
            + (0..<1_000).map({ _ in Int64(random.next() % 200_000_000_000) })
        {
            let time = EventTime(milliseconds: milliseconds)
            let batch = LocationBatch(
                userID: "u", points: [.init(latitude: 1, longitude: 2, observedAt: time)])
            let decoded = try LocationBatchDecoder(limits: limits).decode(
                batch.json(), now: testNow)
            try #require(decoded.accepted.map(\.observedAt) == [time])
        }
    }

    @Test("every listed point is accepted or rejected, once, and for the reason it was made bad")
    func accounting() throws {
        var random = SeededGenerator(seed: 13)
        let bad: [(String, RejectionReason)] = [
            ("[91,0,1479826800]", .latitudeOutOfRange),
            ("[0,181,1479826800]", .longitudeOutOfRange),
            ("[0,null,1479826800]", .notANumber), ("[0,0,[]]", .notATime), ("[0,0]", .wrongArity),
            ("{}", .notAList), ("[0,0,9e9]", .inTheFuture), ("[0,0,1e9]", .tooOld),
        ]
        for _ in 0..<1_000 {
            var reasons: [RejectionReason?] = []
            var points: [String] = []
            for _ in 0..<Int(1 + random.next() % 30) {
                let choice = Int(random.next() % 16)
                reasons.append(choice < bad.count ? bad[choice].1 : nil)
                points.append(choice < bad.count ? bad[choice].0 : "[1,2,1479826800]")
            }
            let json = #"{"locs":[\#(points.joined(separator: ","))],"user_id":"u"}"#
            let decoded = try LocationBatchDecoder().decode(Array(json.utf8), now: testNow)
            #expect(decoded.accepted.count + decoded.rejected.count == points.count)
            let expected = reasons.enumerated().compactMap { index, reason in
                reason.map { "\(index) \($0)" }
            }
            try #require(decoded.rejected.map { "\($0.index) \($0.reason)" } == expected)
        }
    }

    @Test("10,000 seeded mutations are decoded or refused, and every result is sound")
    func mutations() throws {
        var random = SeededGenerator(seed: 14)
        var decodedCount = 0
        var refusals: Set<Int> = []
        for _ in 0..<10_000 {
            let bytes = SeededBatches.mutation(&random)
            do throws(RequestRefusal) {
                let decoded = try LocationBatchDecoder().decode(bytes, now: testNow)
                decodedCount += 1
                #expect(!decoded.userID.isEmpty)
                #expect(decoded.accepted.allSatisfy { $0.latitude.magnitude <= 90 })
                #expect(decoded.accepted.allSatisfy { $0.longitude.magnitude <= 180 })
                let indexes = decoded.rejected.map(\.index)
                #expect(indexes == indexes.sorted())
                let listed = decoded.accepted.count + decoded.rejected.count
                #expect(listed > 0 && indexes.allSatisfy { $0 < listed })
                #expect(decoded.rejected.allSatisfy { $0.range.upperBound <= bytes.count })
            } catch {
                refusals.insert(error.status)
                #expect([400, 413, 422].contains(error.status))
                #expect(!error.message.isEmpty && !error.code.isEmpty)
            }
        }
        #expect(decodedCount > 500)
        #expect(refusals == [400, 422])
    }
}
