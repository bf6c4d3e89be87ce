import Testing

@testable import RoadNetwork

@Suite("Tags of ways")
struct WayTagsTests {
    @Test(
        "speed limits in all their forms",
        arguments: [
            ("50", .limit(50)), (" 50 ", .limit(50)), ("50 km/h", .limit(50)),
            ("30 mph", .limit(48)),
            ("30mph", .limit(48)), ("none", .limit(130)), ("walk", .limit(7)), ("5.5", .limit(6)),
            ("DE:urban", .limit(50)), ("DE:rural", .limit(100)), ("FR:rural", .limit(80)),
            ("DE:motorway", .limit(130)), ("DE:zone30", .limit(30)), ("DE:zone:30", .limit(30)),
            ("DE:30", .limit(30)), ("DE:zone", .limit(30)), ("50;30", .limit(50)),
            ("sign", .unspecified), ("signals", .unspecified), ("10 knots", .limit(19)),
            ("fast", .unreadable), ("", .unreadable), ("-5", .unreadable), ("0", .unreadable),
            ("1e9", .unreadable), ("999", .limit(255)), ("50 furlongs", .unreadable),
            ("2015-11-04: 100 -> 70", .unreadable), ("٣٠", .unreadable), ("DE:", .unreadable),
        ] as [(String, SpeedLimit)])
    func speedLimits(text: String, limit: SpeedLimit) {
        #expect(SpeedLimit(text) == limit)
    }

    @Test(
        "directions, given and implied",
        arguments: [
            (["highway": "residential"], true, true),
            (["highway": "residential", "oneway": "yes"], true, false),
            (["highway": "residential", "oneway": "1"], true, false),
            (["highway": "residential", "oneway": "-1"], false, true),
            (["highway": "motorway"], true, false), (["highway": "motorway_link"], true, false),
            (["highway": "motorway", "oneway": "no"], true, true),
            (["highway": "tertiary", "junction": "roundabout"], true, false),
            (["highway": "tertiary", "junction": "circular"], true, false),
            (["highway": "trunk", "oneway": "reversible"], true, true),
        ] as [([String: String], Bool, Bool)])
    func directions(tags: [String: String], forward: Bool, backward: Bool) throws {
        var report = RoadGraphReport()
        let attributes = try #require(WayTags(tags).attributes(&report))
        #expect(attributes.forward == forward && attributes.backward == backward)
        #expect(report.faults == 0)
    }

    @Test(
        "the most particular access tag decides",
        arguments: [
            ([:], RoadAccess.open), (["access": "private"], .private),
            (["access": "no", "motor_vehicle": "yes"], .open),
            (["access": "yes", "motor_vehicle": "destination"], .destination),
            (["vehicle": "no", "motorcar": "private"], .private),
            (["motor_vehicle": "agricultural;destination"], .destination),
            (["motor_vehicle": "who knows", "access": "destination"], .destination),
            (["access": "no"], nil), (["motor_vehicle": "agricultural;forestry"], nil),
        ] as [([String: String], RoadAccess?)])
    func access(tags: [String: String], access: RoadAccess?) {
        var report = RoadGraphReport()
        let tags = tags.merging(["highway": "service"]) { a, _ in a }
        #expect(WayTags(tags).attributes(&report)?.access == access)
        #expect(report.closedWays == (access == nil ? 1 : 0))
    }

    @Test("limits by direction")
    func limitsByDirection() throws {
        var report = RoadGraphReport()
        let tags = WayTags([
            "highway": "primary", "maxspeed": "100", "maxspeed:backward": "70",
        ])
        let attributes = try #require(tags.attributes(&report))
        #expect(attributes.forwardSpeedLimit == 100 && attributes.backwardSpeedLimit == 70)
    }
}

extension WayTags {
    fileprivate init(_ tags: [String: String]) {
        self.init()
        for (index, key) in WayTags.keys.enumerated() {
            if let value = tags[key] { set(index, to: value) }
        }
    }
}
