internal import Foundation

/// What `make run` has to say at its end: for people, and in `.millrace/run.json` for programs.
struct RunSummary: Codable {
    /// Locations that the fleet sent.
    var sent = 0
    /// Locations that were accepted and are in the log.
    var accepted = 0
    /// Locations that were refused, with a reason each.
    var rejected = 0
    /// Accepted locations that stand in the table `user_location`.
    var stored = 0
    /// Accepted locations that the matcher has decided on.
    var decided = 0
    /// The share of accepted locations that were placed on the true segment or its neighbour on the route.
    var matched_share = 0.0
    /// Segments with a published speed.
    var segments = 0
    /// True pairs of segment and minute with enough vehicles.
    var pairs = 0
    /// The share of them that got a speed.
    var coverage = 0.0
    /// The mean absolute speed error over all covered pairs, as a share of the true speed.
    var speed_error = 0.0
    /// From the sending of the location that completed a passage to the first row that counts the passage, seconds.
    ///
    /// A passage that was corrected counts with what was told of it first; a row that is withheld until enough
    /// vehicles have passed counts from then on.
    var latency_p50_s = 0.0
    /// The same, the slowest in a hundred.
    var latency_p99_s = 0.0
    /// The same as ``latency_p50_s``, but with the time for which a row is withheld because too few vehicles have
    /// passed: that is the traffic's doing and not the pipeline's.
    var awaited_p50_s = 0.0
    /// The same, the slowest in a hundred.
    var awaited_p99_s = 0.0
    /// Passages of the live part that were counted by a row.
    var latency_count = 0
    /// Passages of the live part that a row had counted and that were taken back or told anew, since a location had
    /// been overtaken.
    var corrected = 0
    /// From the sending of the location that had been overtaken to the first row without what it has shown to be
    /// wrong, seconds.
    var correction_p50_s = 0.0
    /// The same, the slowest in a hundred.
    var correction_p99_s = 0.0
    /// Passages of the live part that were taken back and that a row still counts.
    var uncorrected = 0
    /// Passages of the live part that no row counts: too few vehicles, or too late.
    var unpublished = 0
    /// Revisions of the live part's rows that were seen.
    var revisions = 0
    /// Revisions of them that no passages add up to; what they count is timed by the next.
    var revisions_unresolved = 0
    /// Rows of whole windows of the live part.
    var final_row_count = 0
    /// From a window's start to the last time that one of its rows was written, seconds.
    var final_row_p50_s = 0.0
    /// The same, the slowest in a hundred.
    var final_row_p99_s = 0.0
    /// The same, the slowest of all.
    var final_row_max_s = 0.0
    /// What ``final_row_p99_s`` may be: window, out-of-order bound, the time for which undecided locations hold a
    /// window open, and 5 s.
    var final_row_bound_s = 0.0
    /// When the last decision of the matcher is due: the same with the matcher's lag in place of its hold.
    var final_row_latest_s = 0.0
    /// Rows that were written again behind ``final_row_bound_s``.
    var final_row_late = 0
    /// Passages that came when their window could not be revised any more; the dead letters have them.
    ///
    /// While the clock runs fast a window may be revised for as much longer, so that only a pipeline that stands still
    /// makes any: ``rows_different`` is what shows that passages are missing.
    var late: Int64 = 0
    /// Rows that were compared with the passages on the topic `traversals`, all of the run's.
    var rows_compared = 0
    /// Rows of them that count other passages than were told, lack or should not be there.
    var rows_different = 0
    /// Records that no stage has accounted for.
    var lag: Int64 = 0
    /// What is not as it should be; empty for a good run.
    var faults: [String] = []

    /// The fewest pairs that make a run worth judging.
    static let minimumPairs = 5_000
    /// What 99 in a hundred passages may take to their row, in seconds.
    static let latencyBound = 15.0

    /// Takes over how long passages took to their rows.
    mutating func take(_ latencies: PassageLatencies) {
        func quantile(_ share: Double, _ seconds: [Double]) -> Double {
            PassageLatencies.quantile(share, of: seconds)
        }
        latency_count = latencies.toRow.count
        (unpublished, uncorrected) = (latencies.unpublished, latencies.uncorrected)
        (revisions, revisions_unresolved) = (latencies.revisions, latencies.unresolved)
        latency_p50_s = quantile(0.5, latencies.toRow)
        latency_p99_s = quantile(0.99, latencies.toRow)
        awaited_p50_s = quantile(0.5, latencies.withVehiclesAwaited)
        awaited_p99_s = quantile(0.99, latencies.withVehiclesAwaited)
        corrected = latencies.corrections.count
        correction_p50_s = quantile(0.5, latencies.corrections)
        correction_p99_s = quantile(0.99, latencies.corrections)
    }

    /// Takes over how many seconds behind its window's start each row of a whole window was written for the last time.
    mutating func take(finalRows seconds: [Double], _ bounds: FinalRowBounds) {
        final_row_count = seconds.count
        final_row_p50_s = PassageLatencies.quantile(0.5, of: seconds)
        final_row_p99_s = PassageLatencies.quantile(0.99, of: seconds)
        final_row_max_s = seconds.max() ?? 0
        final_row_bound_s = bounds.usual
        final_row_latest_s = bounds.latest
        final_row_late = seconds.count { $0 > bounds.usual }
    }

    /// Compares the figures with what the product promises.
    mutating func judge(isJudged: Bool) {
        if sent != accepted + rejected {
            faults.append("sent \(sent) is not accepted \(accepted) + rejected \(rejected)")
        }
        if stored != accepted { faults.append("\(accepted) accepted, but \(stored) stored") }
        if decided != accepted { faults.append("\(accepted) accepted, but \(decided) matched") }
        if late > 0 {
            faults.append("\(late) passages came too late: the machine was too slow")
        }
        if rows_different > 0 {
            faults.append(
                "\(rows_different) of \(rows_compared) rows don't count the passages that were told"
            )
        }
        if lag != 0 { faults.append("a lag of \(lag) is left") }
        guard isJudged else { return }
        if pairs < RunSummary.minimumPairs {
            faults.append(
                "only \(pairs) pairs of segment and minute, \(RunSummary.minimumPairs) are wanted")
        }
        if matched_share < 0.98 { faults.append("matched share below 98 %") }
        if coverage < 0.95 { faults.append("coverage below 95 %") }
        if speed_error > 0.08 { faults.append("speed error above 8 %") }
        if latency_count == 0 || latency_p99_s > RunSummary.latencyBound {
            faults.append("p99 from location to row above 15 s")
        }
        if correction_p99_s > RunSummary.latencyBound {
            faults.append("p99 from an overtaken location to the corrected row above 15 s")
        }
        if uncorrected > 0 {
            faults.append("\(uncorrected) passages are counted that were taken back")
        }
        if revisions_unresolved * 100 > revisions {
            faults.append(
                "\(revisions_unresolved) of \(revisions) revisions count what was never told")
        }
        if final_row_count == 0 {
            faults.append("no window of the live part is whole, so no final row was timed")
        } else if final_row_p99_s > final_row_bound_s {
            faults.append("p99 of final rows above \(final_row_bound_s) s")
        }
        if final_row_max_s > final_row_latest_s {
            faults.append(
                "a final row after \(final_row_max_s) s, behind the matcher's last decision")
        }
    }

    /// The lines for people.
    var lines: [String] {
        func percent(_ share: Double) -> String { String(format: "%.1f %%", share * 100) }
        func seconds(_ value: Double) -> String { String(format: "%.1f s", value) }
        var lines = [
            "locations        \(sent) sent = \(accepted) accepted + \(rejected) rejected",
            "accounted for    \(stored) rows in user_location, \(decided) decided by the matcher",
            "matched          \(percent(matched_share)) on the true segment or its neighbour on the route",
            "segments         \(segments) with a speed",
            "coverage         \(percent(coverage)) of \(pairs) pairs of segment and minute with 3 or more vehicles",
            "speed error      \(percent(speed_error)) on average, over all covered pairs",
            "latency          p50 \(seconds(latency_p50_s)), p99 \(seconds(latency_p99_s)), location sent, or row publishable, to row committed (\(latency_count) passages)",
            "                 p50 \(seconds(awaited_p50_s)), p99 \(seconds(awaited_p99_s)) with the wait for the third vehicle",
            "corrections      p50 \(seconds(correction_p50_s)), p99 \(seconds(correction_p99_s)), overtaken location sent to corrected row committed (\(corrected) passages, \(uncorrected) still wrong)",
            "final rows       p50 \(seconds(final_row_p50_s)), p99 \(seconds(final_row_p99_s)), max \(seconds(final_row_max_s)), window's start to last revision committed (\(final_row_count) rows)",
            "                 bound \(seconds(final_row_bound_s)), \(final_row_late) rows behind it; the matcher's last decision is due by \(seconds(final_row_latest_s))",
            "unpublished      \(unpublished) passages of the live part that no row counts, no latency",
            "revisions        \(revisions) seen, \(revisions_unresolved) of them with passages that can't be told",
            "rows             \(rows_compared) compared with the passages that were told, \(rows_different) different",
            "late             \(late) passages behind the last revision of their window",
            "lag              \(lag)",
        ]
        lines += faults.map { "FAULT            \($0)" }
        return lines
    }

    /// Writes the figures as JSON.
    func write(to path: String) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
        try encoder.encode(self).write(to: URL(fileURLWithPath: path))
    }
}
