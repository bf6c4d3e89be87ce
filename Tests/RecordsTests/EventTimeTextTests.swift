import Records
import Testing

@Suite("Times as text and numbers")
struct EventTimeTextTests {
    static func iso(_ text: String) -> Int64? {
        EventTime(iso8601: text)?.milliseconds
    }

    @Test(
        "numbers below 10¹¹ are seconds, from there on milliseconds",
        arguments: [
            (1_479_826_800, 1_479_826_800_000), (1_479_826_800.25, 1_479_826_800_250),
            (1_479_826_800_123, 1_479_826_800_123), (1_479_826_800_123.4, 1_479_826_800_123),
            (0, 0), (-1.5, -1_500), (99_999_999_999, 99_999_999_999_000),
            (100_000_000_000, 100_000_000_000), (-100_000_000_000, -100_000_000_000),
            (1_479_826_800.001, 1_479_826_800_001), (1_479_826_800.999, 1_479_826_800_999),
        ] as [(Double, Int64)])
    func numbers(number: Double, milliseconds: Int64) {
        #expect(EventTime(unixTime: number)?.milliseconds == milliseconds)
    }

    @Test(
        "numbers beyond all time are refused",
        arguments: [1e30, -1e30, .infinity, -.infinity, .nan])
    func beyond(number: Double) {
        #expect(EventTime(unixTime: number) == nil)
    }

    @Test(
        "ISO 8601 times with a zone are read",
        arguments: [
            ("1970-01-01T00:00:00Z", 0), ("2016-11-22T15:00:00Z", 1_479_826_800_000),
            ("2016-11-22t16:00:00.25+01:00", 1_479_826_800_250),
            ("2016-11-22 10:00:00.2509-0500", 1_479_826_800_250),
            ("2016-11-22T15:00:00,1z", 1_479_826_800_100),
            ("2016-11-22T20:30:00+05:30", 1_479_826_800_000),
            ("2016-11-22T14:00:00-01", 1_479_826_800_000),
            ("2016-12-31T23:59:60Z", 1_483_228_800_000),
            ("2016-02-29T00:00:00Z", 1_456_704_000_000),
            ("0000-01-01T00:00:00Z", -62_167_219_200_000),
        ] as [(String, Int64)])
    func iso8601(text: String, milliseconds: Int64) {
        #expect(Self.iso(text) == milliseconds)
    }

    @Test(
        "what isn't such a time is refused",
        arguments: [
            "", "2016", "2016-11-22", "2016-11-22T15:00:00", "2016-13-22T15:00:00Z",
            "2016-00-22T15:00:00Z", "2016-11-31T15:00:00Z", "2016-11-00T15:00:00Z",
            "2015-02-29T00:00:00Z", "2016-11-22T24:00:00Z", "2016-11-22T15:60:00Z",
            "2016-11-22T15:00:61Z", "2016-11-22T15:00:00.Z", "2016-11-22T15:00:00+1",
            "2016-11-22T15:00:00+24:00", "2016-11-22T15:00:00Zx", "2016-11-22T15:00Z",
            "16-11-22T15:00:00Z", "2016/11/22T15:00:00Z", "1479826800",
        ])
    func refused(text: String) {
        #expect(Self.iso(text) == nil)
    }

    @Test("every time of an EventTime's own description is read back")
    func descriptions() {
        var random = SeededGenerator(seed: 7)
        for _ in 0..<10_000 {
            let time = EventTime(milliseconds: Int64(random.next() % 253_402_300_799_999))
            #expect(Self.iso(time.description) == time.milliseconds)
        }
    }
}
