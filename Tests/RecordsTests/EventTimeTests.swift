import Records
import Testing

@Suite("Event time")
struct EventTimeTests {
    @Test(
        "prints as ISO 8601",
        arguments: [
            (0, "1970-01-01T00:00:00.000Z"), (1_483_228_799_999, "2016-12-31T23:59:59.999Z"),
            (-1, "1969-12-31T23:59:59.999Z"), (951_782_400_000, "2000-02-29T00:00:00.000Z"),
        ] as [(Int64, String)])
    func printing(milliseconds: Int64, text: String) {
        #expect(EventTime(milliseconds: milliseconds).description == text)
    }

    @Test("the ends of the axis absorb arithmetic")
    func ends() {
        #expect(EventTime.max.advanced(byMilliseconds: -1) == .max)
        #expect(EventTime.min.advanced(byMilliseconds: 1) == .min)
        #expect(EventTime(milliseconds: .max - 1).advanced(byMilliseconds: 5) == .max)
        #expect(EventTime.max.millisecondsSince(.min) == .max)
    }

    @Test("a civil date survives the way there and back, leap days included")
    func civilDates() {
        for day in stride(from: Int64(-200_000), to: 200_000, by: 37) {
            let date = CivilDate(daysSince1970: day)
            #expect(date.daysSince1970 == day)
            #expect((1...12).contains(date.month) && (1...31).contains(date.day))
        }
    }
}
