internal import ArgumentParser
internal import Dataflow
internal import Foundation
internal import KafkaClient
internal import Records
internal import RoadNetwork
internal import Runtime
internal import TrafficUpdates

/// `millrace traffic export`: live speeds for routers that are there already.
struct TrafficExportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract:
            "Keep the live speeds of Valhalla and OSRM current from the topic traffic-updates.",
        discussion: "docs/interchange.md tells how the files are made and used.")

    @Option(help: "The OSM PBF file that the pipeline runs on.")
    var map: String

    @Option(help: "Valhalla's traffic.tar, which is updated in place; needs --edges.")
    var valhalla: String?

    @Option(help: "Valhalla's edges with their shapes, as .ci/valhalla-edges lists them.")
    var edges: String?

    @Option(help: "The file of OSRM's segment speeds that is written.")
    var osrm: String?

    @Option(help: "The topic of speeds.")
    var topic = "traffic-updates"

    @Option(help: "Seconds between two rounds of writing.")
    var every = 5.0

    @Option(help: "How many seconds behind its window's end a speed is still told.")
    var age = 600.0

    @Flag(
        help:
            "Count the age from the topic's newest window instead of now: for history that is played again."
    )
    var recorded = false

    @Flag(help: "Write what the topic holds now, and end.")
    var once = false

    /// The most records of a partition that one round takes.
    private static let batchLimit = 4_096
    /// Milliseconds that a round waits for records.
    private static let waitMilliseconds = 50

    func validate() throws {
        if valhalla == nil, osrm == nil { throw ValidationError("name --valhalla or --osrm") }
        if (valhalla == nil) != (edges == nil) {
            throw ValidationError("--valhalla and --edges go together")
        }
        guard (0.1...3_600).contains(every), (1...1e9).contains(age) else {
            throw ValidationError("--every takes 0.1 to 3600 seconds, --age 1 and more")
        }
    }

    func run() async throws { try await run(ServiceEnvironment.current()) }

    /// Exports what a cluster's topic says.
    func run(_ services: ServiceEnvironment) async throws {
        let interruption = Interruption()
        let following = interruption.follow(StopSignals())
        defer { following.cancel() }
        let export = try makeExport(ScaledClock.wall())
        let troubles = TroubleLog()
        let speeds = try TopicCursor(topic, services.kafka, goesOn: true)
        defer { speeds.close() }
        var next = ContinuousClock.now
        while !interruption.isRequested {
            let count = try speeds.read(maximum: TrafficExportCommand.batchLimit) { record in
                // A record that can't be read is left out.
                if let update = try? TrafficUpdate(record: record) { export.take(update) }
            }
            if count == 0 { speeds.wait(milliseconds: TrafficExportCommand.waitMilliseconds) }
            let now = ContinuousClock.now
            if speeds.isAtEnd, once || now >= next {
                do {
                    try tell(export)
                } catch  where !once {
                    // By the next round the disk may have room again, or the tiles' edges be listed anew.
                    troubles.note("traffic export", "write", any: error)
                }
                if once { return }
                next = now + .seconds(every)
            }
        }
        // Nobody keeps them current from here on.
        try export.clear()
    }

    private func tell(_ export: RouterExport) throws {
        let round = try export.write()
        if round.isArchiveNew { print("traffic.tar was made anew: told everything") }
        guard round.segments > 0 else { return }
        print("segments \(round.segments)  edges \(round.edges)  lines \(round.lines)")
    }

    private func makeExport(_ clock: any EventClock) throws -> RouterExport {
        let graph = try Catalogue.map(at: map)
        var toValhalla: RouterExport.Valhalla?
        if let valhalla, let edges {
            let opened = try RouterExport.Valhalla(archive: valhalla, edges: edges, along: graph)
            let (along, others) = (opened.edges.edges.count, opened.edges.unmatched)
            print("edges along roads of the map \(along), others \(others)")
            toValhalla = opened
        }
        var toOSRM: RouterExport.OSRM?
        if let osrm {
            toOSRM = RouterExport.OSRM(
                speeds: try OSRMSpeeds(contentsOfOSMFile: map), path: osrm)
        }
        return try RouterExport(
            graph: graph, valhalla: toValhalla, osrm: toOSRM, age: Int64(age * 1_000),
            clock: clock, isRecorded: recorded)
    }
}
