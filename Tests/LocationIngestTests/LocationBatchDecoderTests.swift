import LocationIngest
import Records
import Testing

/// Ten past three in the afternoon of 2016-11-22, UTC: the clock of these tests.
let testNow = EventTime(milliseconds: 1_479_827_400_000)

@Suite("Requests with good and bad points")
struct LocationBatchDecoderTests {
    static func decode(
        _ json: String, _ change: (inout LocationLimits) -> Void = { _ in }
    ) throws(RequestRefusal) -> DecodedLocations {
        var limits = LocationLimits()
        change(&limits)
        return try LocationBatchDecoder(limits: limits).decode(Array(json.utf8), now: testNow)
    }

    static func request(_ locs: String) -> String {
        #"{"user_id": "u-1", "navigation_mode": "driving", "locs": ["# + locs + "]}"
    }

    @Test("a batch of good points is accepted whole")
    func good() throws {
        let decoded = try Self.decode(
            """
            {"user_id": "u-17", "user_mode": "active", "navigation_mode": "driving",
             "locs": [[49.4874, 8.466, 1479826800], [49.5, -8, 1479826805.25],
                      [-90, 180, 1479826810123], [0, 0, "2016-11-22T15:00:20+00:00"]]}
            """)
        func update(_ latitude: Double, _ longitude: Double, _ offset: Int64) -> LocationUpdate {
            LocationUpdate(
                userID: "u-17", userMode: .active, navigationMode: .driving, latitude: latitude,
                longitude: longitude,
                observedAt: EventTime(milliseconds: 1_479_826_800_000 + offset))
        }
        #expect(
            decoded
                == DecodedLocations(
                    userID: "u-17",
                    accepted: [
                        update(49.4874, 8.466, 0), update(49.5, -8, 5_250),
                        update(-90, 180, 10_123), update(0, 0, 20_000),
                    ], rejected: []))
    }

    @Test("headings and speeds stand beside their points, whatever is rejected between them")
    func headings() throws {
        let decoded = try Self.decode(
            """
            {"headings": [10, 20.5, null, "north", 361], "user_id": "u",
             "locs": [[1, 2, 1479826800], [91, 2, 1479826800], [1, 2, 1479826801],
                      [1, 2, 1479826802], [1, 2, 1479826803]],
             "speeds": [3, 4, 5.5, -1, null]}
            """)
        #expect(decoded.rejected.map(\.index) == [1])
        #expect(decoded.accepted.map(\.heading) == [10, nil, nil, nil])
        #expect(decoded.accepted.map(\.speed) == [3, 5.5, nil, nil])
        let refusal = #expect(throws: RequestRefusal.self) {
            try Self.decode(
                #"{"user_id": "u", "locs": [[1, 2, 1479826800]], "headings": [1, 2]}"#)
        }
        #expect(refusal?.code == "bad-headings")
        #expect(refusal?.message == "headings has 2 elements and locs 1")
    }

    @Test("members come in any order, unknown ones are skipped, names may be escaped")
    func anyOrder() throws {
        let decoded = try Self.decode(
            #"""
            { "x": {"locs": [1], "user_id": null, "d": [[{}]]}, "locs":[[1,2,1479826800]],
              "v": "}\"]", "user_mode": null, "navigation_mode": "hovering",
              "us\u0065r_id": "\u00e9\ud83d\ude97" } 
            """#)
        #expect(decoded.userID == "é🚗")
        #expect(
            decoded.accepted == [
                LocationUpdate(
                    userID: "é🚗", userMode: .unspecified, navigationMode: .other, latitude: 1,
                    longitude: 2, observedAt: EventTime(milliseconds: 1_479_826_800_000))
            ])
    }

    @Test(
        "a bad point is rejected with its reason and its neighbours go on",
        arguments: [
            ("[90.0001, 8, 1479826800]", .latitudeOutOfRange),
            ("[-91, 8, 1479826800]", .latitudeOutOfRange),
            ("[1e999, 8, 1479826800]", .latitudeOutOfRange),
            ("[49, 180.0001, 1479826800]", .longitudeOutOfRange),
            ("[49, -1e3, 1479826800]", .longitudeOutOfRange),
            (#"["49", 8, 1479826800]"#, .notANumber),
            ("[null, 8, 1479826800]", .notANumber),
            ("[49, true, 1479826800]", .notANumber),
            ("[49, [8], 1479826800]", .notANumber),
            (#"[49, {"lng": 8}, 1479826800]"#, .notANumber),
            ("[NaN, 8, 1479826800]", .notANumber),
            ("[49, -Infinity, 1479826800]", .notANumber),
            ("[Infinity, 8, 1479826800]", .notANumber),
            ("[49.\(String(repeating: "0", count: 200)), 8, 1479826800]", .notANumber),
            ("[49, 8, null]", .notATime),
            (#"[49, 8, "yesterday"]"#, .notATime),
            (#"[49, 8, "2016-11-22T15:00:00"]"#, .notATime),
            ("[49, 8, NaN]", .notATime),
            ("[49, 8, 1e40]", .notATime),
            ("[49, 8]", .wrongArity),
            ("[]", .wrongArity),
            ("[49, 8, 1479826800, 12]", .wrongArity),
            ("49", .notAList),
            ("null", .notAList),
            (#"{"lat": 49}"#, .notAList),
            ("[49, 8, 1479827460.001]", .inTheFuture),
            ("[49, 8, 4000000000]", .inTheFuture),
            ("[49, 8, 1477235399.999]", .tooOld),
            ("[49, 8, 0]", .tooOld),
            ("[49, 8, -1479826800]", .tooOld),
        ] as [(String, RejectionReason)])
    func badPoint(point: String, reason: RejectionReason) throws {
        let json = Self.request("[1, 2, 1479826800] , \(point) ,[3, 4, 1479826800]")
        let decoded = try Self.decode(json)
        #expect(decoded.accepted.map(\.latitude) == [1, 3])
        #expect(decoded.rejected.map(\.index) == [1])
        #expect(decoded.rejected.map(\.reason) == [reason])
        let original = decoded.rejected.map { $0.original(in: Array(json.utf8)) }
        #expect(original == [Array(point.utf8)])
    }

    @Test("the bounds themselves are good")
    func bounds() throws {
        let decoded = try Self.decode(
            Self.request("[90, -180, 1479827460], [-90, 180, 1477235400]"))
        #expect(decoded.accepted.count == 2)
    }

    @Test("points behind the limit are rejected, and a list far past it is refused")
    func tooMany() throws {
        let json = Self.request(
            Array(repeating: "[1,2,1479826800]", count: 6).joined(separator: ","))
        let decoded = try Self.decode(json) { $0.points = 4 }
        #expect(decoded.accepted.count == 4)
        #expect(decoded.rejected.map(\.index) == [4, 5])
        #expect(decoded.rejected.map(\.reason) == [.tooManyPoints, .tooManyPoints])
        let refusal = #expect(throws: RequestRefusal.self) {
            try Self.decode(json) { $0.listedPoints = 5 }
        }
        #expect(refusal?.status == 413)
        #expect(refusal?.code == "too-many-points")
    }

    @Test(
        "a request that isn't a batch is refused",
        arguments: [
            ("", 400, "not JSON at byte 0: the text ends where a value is expected"),
            ("hello", 400, "not JSON at byte 0: a value is expected"),
            ("{", 400, "not JSON at byte 1: the text ends where a string is expected"),
            (
                #"{"user_id": "u""#, 400,
                "not JSON at byte 15: the text ends where ',' or '}' is expected"
            ),
            (#"{"user_id": 'u'}"#, 400, "not JSON at byte 12: a value is expected"),
            (#"{"locs": [[1 2 3]]}"#, 400, "not JSON at byte 13: ',' or ']' is expected"),
            (
                #"{"locs": [[01, 2, 3]]}"#, 400,
                "not JSON at byte 12: a number begins with a zero too many"
            ),
            (#"{"locs": [[1, 2, 3],]}"#, 400, "not JSON at byte 20: a value is expected"),
            (#"{"locs": [[1, 2, 3]]} x"#, 400, "not JSON at byte 22: something follows the object"),
            ("[]", 422, "the request isn't a JSON object"),
            ("{}", 422, "user_id is missing"),
            (#"{"locs": [[1, 2, 3]]}"#, 422, "user_id is missing"),
            (#"{"user_id": "u"}"#, 422, "locs is missing"),
            (#"{"user_id": "", "locs": [[1, 2, 3]]}"#, 422, "user_id is empty"),
            (#"{"user_id": 7, "locs": [[1, 2, 3]]}"#, 422, "user_id isn't a string"),
            (#"{"user_id": null, "locs": [[1, 2, 3]]}"#, 422, "user_id isn't a string"),
            (#"{"user_id": "\ud800", "locs": []}"#, 422, "user_id isn't Unicode text"),
            (#"{"user_id": "a\u0000b", "locs": []}"#, 422, "user_id holds a control character"),
            (#"{"user_id": "uuuuuuuuu", "locs": []}"#, 422, "user_id has more than 8 bytes"),
            (#"{"user_id": "u", "locs": []}"#, 422, "locs is empty"),
            (#"{"user_id": "u", "locs": {}}"#, 422, "locs isn't a list"),
            (#"{"user_id": "u", "locs": null}"#, 422, "locs isn't a list"),
            (#"{"user_id": "u", "user_id": "v", "locs": []}"#, 422, "user_id is given twice"),
            (#"{"user_id": "u", "locs": [], "locs": []}"#, 422, "locs is given twice"),
            (#"{"user_mode": 3}"#, 422, "user_mode isn't a string"),
            (
                #"{"navigation_mode": "\#(String(repeating: "m", count: 65))"}"#, 422,
                "navigation_mode isn't text of at most 64 bytes"
            ),
        ])
    func refused(json: String, status: Int, message: String) {
        let refusal = #expect(throws: RequestRefusal.self) {
            try Self.decode(json) { $0.userIDBytes = 8 }
        }
        #expect(refusal?.status == status)
        #expect(refusal?.message == message)
    }

    @Test("a request that is too large or nested too deeply is refused")
    func bounded() {
        let large = #expect(throws: RequestRefusal.self) {
            try Self.decode(Self.request("[1,2,3]")) { $0.bodyBytes = 20 }
        }
        #expect(large?.status == 413)
        #expect(large?.code == "too-large")
        for open in ["[", #"{"a":"#] {
            let deep = #expect(throws: RequestRefusal.self) {
                try Self.decode(#"{"x": "# + String(repeating: open, count: 100_000))
            }
            #expect(deep?.status == 400)
        }
    }

    @Test("bytes that aren't UTF-8 in a user's name are refused")
    func notUnicode() {
        var bytes = Array(Self.request("[1,2,1479826800]").utf8)
        bytes[13] = 0xFF
        let refusal = #expect(throws: RequestRefusal.self) {
            try LocationBatchDecoder().decode(bytes, now: testNow)
        }
        #expect(refusal?.code == "bad-user-id")
    }
}
