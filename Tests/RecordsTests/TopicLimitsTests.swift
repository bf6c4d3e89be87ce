import Records
import Testing

@Suite("What a topic refuses")
struct TopicLimitsTests {
    private let now = EventTime(milliseconds: 1_700_000_000_000)

    @Test("without limits every time is taken, the ends of the axis among them")
    func none() {
        for time in [EventTime.min, EventTime(milliseconds: 0), now, .max] {
            #expect(TopicLimits.none.takes(time, now: now))
            #expect(TopicLimits.none.takes(time, now: .min))
        }
    }

    @Test("a limit holds less what clocks may differ by, and half of it at least")
    func limits() {
        let hour = TopicLimits(aheadMilliseconds: 3_600_000, behindMilliseconds: 7_200_000)
        let skew = TopicLimits.skewMilliseconds
        for (distance, isTaken) in [
            (3_600_000 - skew, true), (3_600_001 - skew, false), (skew - 7_200_000, true),
            (skew - 7_200_001, false), (0, true),
        ] {
            let time = now.advanced(byMilliseconds: distance)
            #expect(hour.takes(time, now: now) == isTaken, "\(distance)")
        }
        let brief = TopicLimits(aheadMilliseconds: 1_000)
        #expect(brief.latest(now) == now.advanced(byMilliseconds: 500))
        #expect(TopicLimits(aheadMilliseconds: 0).takes(now, now: now))
        // Before the first event nobody knows the time.
        #expect(hour.takes(now, now: .min))
    }
}
