internal import ArgumentParser
internal import Foundation
internal import Geo
internal import PostgresClient
internal import Records
internal import RoadNetwork

/// `millrace traffic`: what the pipeline traffic-updates has found out, for people.
struct TrafficCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "traffic", abstract: "Look at live traffic.",
        subcommands: [TrafficShowCommand.self, TrafficExportCommand.self])
}

/// `millrace traffic show`: a picture of the speeds in DATABASE_URL.
struct TrafficShowCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract:
            "Draw the roads coloured by their newest speed, with signs at jams and closed roads.",
        discussion: "Reads the table live_traffic of DATABASE_URL.")

    @Option(help: "The OSM PBF file that the pipeline runs on; the synthetic city by default.")
    var map = ""

    @Option(
        help:
            "What is shown, as west,south,east,north in degrees; where there are speeds by default."
    )
    var bbox: String?

    @Option(help: "The file to write, .svg or .png.")
    var out = "traffic.svg"

    @Option(help: "The colours: \(MapTheme.allCases.map(\.rawValue).joined(separator: ", ")).")
    var theme = "automatic"

    @Option(help: "Unix seconds of the moment that is shown; the newest window by default.")
    var at: Double?

    func validate() throws {
        if bbox != nil, box == nil {
            throw ValidationError("--bbox takes west,south,east,north in degrees")
        }
        if MapTheme(rawValue: theme) == nil { throw ValidationError("there is no theme \(theme)") }
        if let at, !TrafficShowCommand.moments.contains(at) {
            throw ValidationError("--at takes the Unix seconds of a moment from 1970 to 9999")
        }
        guard out.hasSuffix(".svg") || out.hasSuffix(".png") else {
            throw ValidationError("--out takes a name that ends in .svg or .png")
        }
    }

    /// What can be a moment, in Unix seconds: the years 1970 to 9999.
    private static let moments = 0.0...253_402_300_799.0

    private var box: BoundingBox? {
        let parts = (bbox ?? "").split(separator: ",").compactMap { Double($0) }
        guard parts.count == 4, parts[1] < parts[3] else { return nil }
        let southWest = Coordinate(latitude: parts[1], longitude: parts[0])
        let northEast = Coordinate(latitude: parts[3], longitude: parts[2])
        // From east to west across the antimeridian only.
        guard southWest.isValid, northEast.isValid,
            parts[0] < parts[2] || parts[0] > 0 && parts[2] < 0
        else { return nil }
        return BoundingBox(southWest: southWest, northEast: northEast)
    }

    func run() async throws {
        try await run(PostgresConfiguration(environment: ProcessInfo.processInfo.environment))
    }

    /// Draws what a database holds.
    func run(_ postgres: PostgresConfiguration) async throws {
        let roads = try Catalogue.map(at: map)
        let pool = PostgresPool(postgres, size: 1)
        var picture = TrafficPicture(roads: roads)
        picture.attribution = map.isEmpty ? nil : "© OpenStreetMap contributors"
        picture.bounds = box
        picture.theme = MapTheme(rawValue: theme) ?? .automatic
        let time = try await moment(pool)
        let drawn = try await picture.map(pool, at: time)
        await pool.close()
        try TrafficPicture.write(drawn.svg, to: out)
        print("\(out): the speeds of \(TrafficPicture.words(time))")
        for stretch in drawn.stretches {
            let place = "\(stretch.place.latitude), \(stretch.place.longitude)"
            print("jam: \(stretch.label) on \(Int(stretch.length)) m at \(place)")
        }
        for stretch in drawn.silences {
            let place = "\(stretch.place.latitude), \(stretch.place.longitude)"
            print("closed? \(stretch.label.lowercased()) at \(place)")
        }
    }

    private func moment(_ pool: PostgresPool) async throws -> EventTime {
        if let at { return EventTime(milliseconds: Int64(at * 1_000)) }
        return try await pool.withConnection { connection in
            let rows = try connection.query(
                "SELECT max(window_start) FROM live_traffic HAVING max(window_start) IS NOT NULL")
            guard let newest = rows.first else {
                throw DataflowError(
                    .invalidConfiguration, domain: .user, "the table live_traffic is empty")
            }
            return try newest.value(0, as: EventTime.self)
        }
    }
}
