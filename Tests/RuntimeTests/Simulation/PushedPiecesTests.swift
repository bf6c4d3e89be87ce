import Dataflow
import OperatorTesting
import Records
import Runtime
import SimulationWorkload
import Sources
import Testing

/// A client that refuses one of the batches that it is given: at once, or by a report.
private final class RefusingWriter: LogWriter {
    /// Which one, counted from 1.
    var refused = 0
    var isLate = false
    private(set) var writes = 0
    private var reports: [DeliveryReport] = []

    func partitionCount(of topic: String) -> Int32 { 1 }

    func write(_ batch: OutputBatch, token: UInt64) throws {
        writes += 1
        let error = DataflowError(
            .limitExceeded, domain: .external, retry: .backoff, "no room for \(writes)")
        guard writes == refused else { return reports.append(DeliveryReport(token: token)) }
        if !isLate { throw error }
        reports.append(DeliveryReport(token: token, error: error))
    }

    func poll() -> [DeliveryReport] {
        defer { reports = [] }
        return reports
    }

    func flush(timeoutMilliseconds: Int) {}
    func close() {}
}

/// Pushes whose output is handed over in pieces.
@Suite("Pieces of a push")
struct PushedPiecesTests {
    @Test(
        "none is tried behind one that was not taken, and the next push is written",
        arguments: [false, true])
    func stopsAtFirst(isLate: Bool) throws {
        var options = WorkerOptions()
        options.maximumRecordsPerWrite = 3
        let worker = try SingleWorker.makeDoor(options)
        let writer = RefusingWriter()
        var answers: [(ticket: UInt64, error: DataflowError?)] = []
        let lane = StageLane(
            worker: worker, run: "r",
            services: LaneServices(
                reader: nil, writer: writer, authority: nil, store: SimulatedStore()),
            clock: ManualClock(), answer: { answers.append(($0, $1)) })
        writer.refused = 2
        writer.isLate = isLate
        let push = PushSource<Event>.Push(
            records: Event.make(12, seed: 1).map { ($0, $0.happenedAt) })
        for ticket in [5, 6] as [UInt64] {
            lane.handle(.pushed(ticket: ticket, values: push))
            _ = lane.turn()
            if ticket == 5 { #expect(writer.writes == 2, "\(writer.writes) of 4 pieces") }
        }
        #expect(writer.writes == 6)
        #expect(answers.map(\.ticket) == [5, 6])
        #expect(answers.first?.error?.message == "no room for 2")
        #expect(answers.last.map { $0.error == nil } ?? false)
    }
}
