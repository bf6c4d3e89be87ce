// swift-tools-version: 6.2
// The module table of docs/architecture.md as code: a target names what it may import, and
// `--explicit-target-dependency-import-check error` turns any other import into a build failure.
import PackageDescription

let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .treatAllWarnings(as: .error),
]

func module(_ name: String, uses: [Target.Dependency] = [], exclude: [String] = []) -> Target {
    .target(
        name: name, dependencies: uses, path: "Operators/\(name)", exclude: exclude,
        swiftSettings: settings)
}

func pipeline(_ name: String, uses: [Target.Dependency] = [], exclude: [String] = []) -> Target {
    .target(
        name: name, dependencies: uses, path: "Pipelines/\(name)", exclude: exclude + ["README.md"],
        swiftSettings: settings)
}

func tests(_ name: String, uses: [Target.Dependency], exclude: [String] = []) -> Target {
    .testTarget(
        name: "\(name)Tests", dependencies: uses, path: "Tests/\(name)Tests", exclude: exclude,
        swiftSettings: settings)
}

func clibrary(_ name: String, pkgConfig: String, apt: String) -> Target {
    .systemLibrary(
        name: name, path: "Operators/\(name)", pkgConfig: pkgConfig, providers: [.apt([apt])])
}

let protobuf = Target.Dependency.product(name: "SwiftProtobuf", package: "swift-protobuf")
let nioCore = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let nioHTTP1 = Target.Dependency.product(name: "NIOHTTP1", package: "swift-nio")
let nioPosix = Target.Dependency.product(name: "NIOPosix", package: "swift-nio")

let package = Package(
    name: "millrace",
    products: [.executable(name: "millrace", targets: ["Command"])],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-extras", from: "1.35.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl.git", from: "2.37.0"),
        .package(url: "https://github.com/apple/swift-protobuf", from: "1.39.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
        .package(
            url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    ],
    targets: [
        // Vocabulary and contracts.
        module("Records"),
        module("State", uses: ["Records"]),
        module("Dataflow", uses: ["Records", "State"]),
        module(
            "Transforms",
            uses: [
                "Records", "State", "Dataflow",
                .product(name: "HeapModule", package: "swift-collections"),
            ]),
        tests("Records", uses: ["Records"]),

        module("Sources", uses: ["Records", "State", "Dataflow"]),
        module("Sinks", uses: ["Records", "State", "Dataflow"]),
        module("Runtime", uses: ["Records", "State", "Dataflow"]),
        module(
            "OperatorTesting", uses: ["Records", "State", "Dataflow", "Sources", "Runtime"]),
        tests("State", uses: ["Records", "State"]),
        tests(
            "Dataflow",
            uses: ["Records", "State", "Dataflow", "Transforms", "Sources", "Sinks", "TestFiles"],
            exclude: ["Golden"]),
        tests(
            "Transforms",
            uses: [
                "Records", "State", "Dataflow", "Transforms", "Sources", "Sinks",
                "OperatorTesting",
            ]),
        tests(
            "Runtime",
            uses: [
                "Records", "State", "Dataflow", "Transforms", "Sources", "Sinks", "Runtime",
                "OperatorTesting", "LogContract", "StoreContract", "SimulationWorkload",
            ]),
        // Pipelines, oracle and seeds of the simulation, and `make sim`, which plays them.
        .target(
            name: "SimulationWorkload",
            dependencies: [
                "Records", "State", "Dataflow", "Transforms", "Sources", "Sinks", "Runtime",
                "OperatorTesting",
            ],
            path: "Tests/SimulationWorkload", swiftSettings: settings),
        .executableTarget(
            name: "Simulate",
            dependencies: ["Runtime", "OperatorTesting", "SimulationWorkload"],
            path: "Tests/Simulate", swiftSettings: settings),
        tests("Tidy", uses: []),
        // Files that tests read: real data beside the repository, texts that are kept.
        .target(name: "TestFiles", path: "Tests/TestFiles", swiftSettings: settings),

        // C libraries and stores.
        clibrary("CZlib", pkgConfig: "zlib", apt: "zlib1g-dev"),
        .systemLibrary(
            name: "CSnappy", path: "Operators/CSnappy", providers: [.apt(["libsnappy-dev"])]),
        clibrary("CLZ4", pkgConfig: "liblz4", apt: "liblz4-dev"),
        clibrary("CZstd", pkgConfig: "libzstd", apt: "libzstd-dev"),
        module("Compression", uses: ["CZlib", "CSnappy", "CLZ4", "CZstd"]),
        tests("Compression", uses: ["Compression"]),

        clibrary("CRdKafka", pkgConfig: "rdkafka", apt: "librdkafka-dev"),
        module("KafkaClient", uses: ["Records", "State", "CRdKafka"]),
        .target(
            name: "LogContract", dependencies: ["Records"], path: "Tests/LogContract",
            swiftSettings: settings),
        tests(
            "KafkaClient",
            uses: [
                "KafkaClient", "CRdKafka", "LogContract", "Records", "State", "Runtime",
                "EmbeddedBroker",
            ]),
        clibrary("CPostgres", pkgConfig: "libpq", apt: "libpq-dev"),
        module("PostgresClient", uses: ["Records", "State", "CPostgres"]),
        // The server that tests use: one of their own, or that of `DATABASE_URL`.
        .target(
            name: "DatabaseFixture", dependencies: ["Records", "PostgresClient"],
            path: "Tests/DatabaseFixture", swiftSettings: settings),
        tests(
            "PostgresClient",
            uses: ["PostgresClient", "DatabaseFixture", "StoreContract", "Records", "State"]),
        module(
            "ObjectStore",
            uses: [
                "Records", "State", nioCore, nioHTTP1,
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "Crypto", package: "swift-crypto"),
            ]),
        tests(
            "ObjectStore",
            uses: ["ObjectStore", "StoreContract", "S3Fixture", "Records", "State"]),
        // A service that speaks S3, for tests.
        .target(
            name: "S3Fixture", dependencies: ["ObjectStore"], path: "Tests/S3Fixture",
            swiftSettings: settings),
        // What every checkpoint store, table writer and commit authority must do.
        .target(
            name: "StoreContract", dependencies: ["Records", "State"],
            path: "Tests/StoreContract", swiftSettings: settings),

        // Maps.
        module("Geo", uses: ["Records", "Compression"]),
        module(
            "RoadNetwork", uses: ["Records", "Compression", "Geo", protobuf],
            exclude: ["Generated/osmpbf.proto"]),
        module("MapMatching", uses: ["Records", "Geo", "RoadNetwork"]),
        pipeline("Fleet", uses: ["Records", "Geo", "RoadNetwork"]),
        tests("Geo", uses: ["Records", "Geo"]),
        tests("RoadNetwork", uses: ["Records", "Compression", "Geo", "RoadNetwork", "TestFiles"]),
        tests(
            "MapMatching",
            uses: ["Records", "Geo", "RoadNetwork", "MapMatching", "Fleet", "TestFiles"]),
        tests("Fleet", uses: ["Records", "Geo", "RoadNetwork", "Fleet"]),

        // Series.
        module(
            "TimeSeries", uses: ["Records", "Compression", protobuf],
            exclude: [
                "Wire/Generated/remote_write_v1.proto", "Wire/Generated/remote_write_v2.proto",
                "Wire/Generated/otlp_metrics.proto",
            ]),
        tests(
            "TimeSeries", uses: ["TimeSeries", "Records", "Compression", protobuf],
            exclude: ["semantics"]),

        // The log of development.
        module("BrokerModel", uses: ["Records"]),
        module(
            "EmbeddedBroker",
            uses: [
                "Records", "BrokerModel", "Compression", nioCore, nioPosix,
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
            ]),
        tests("BrokerModel", uses: ["BrokerModel", "Records"], exclude: ["golden"]),
        tests(
            "EmbeddedBroker",
            uses: ["EmbeddedBroker", "BrokerModel", "Records", "Compression"],
            exclude: ["clients"]),

        // `make bench`, and the part of it whose instructions CI counts.
        .target(
            name: "EngineWorkload",
            dependencies: ["Records", "State", "Dataflow", "Transforms", "Sources"],
            path: "Tests/EngineWorkload", swiftSettings: settings),
        .executableTarget(
            name: "EngineSmoke", dependencies: ["EngineWorkload", "Records"],
            path: "Tests/EngineSmoke",
            swiftSettings: settings),
        .executableTarget(
            name: "Benchmarks",
            dependencies: [
                "Records", "State", "Dataflow", "Transforms", "Sources", "Sinks", "Runtime",
                "EngineWorkload", "KafkaClient", "CRdKafka", "ObjectStore", "BrokerModel",
                "EmbeddedBroker", "PostgresClient", "TimeSeries", "Serving", "LocationIngest",
                "Geo", "RoadNetwork", "MapMatching", "Fleet", "TrafficUpdates", "OperatorTesting",
                protobuf, .product(name: "Logging", package: "swift-log"),
            ],
            path: "Tests/Benchmarks",
            swiftSettings: settings),

        // `make accuracy`.
        .executableTarget(
            name: "Accuracy",
            dependencies: [
                "Records", "Geo", "RoadNetwork", "MapMatching", "Fleet", "TrafficUpdates",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            path: "Tests/Accuracy", swiftSettings: settings),

        // Pipelines and their doors.
        module(
            "Serving",
            uses: [
                "Records", "State", "Compression", "PostgresClient", nioCore, nioHTTP1,
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "HummingbirdCore", package: "hummingbird"),
                .product(name: "NIOHTTPTypes", package: "swift-nio-extras"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ]),
        tests(
            "Serving",
            uses: [
                "Serving", "LocationIngest", "Records", "Compression",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ]),
        pipeline(
            "LocationIngest",
            uses: ["Records", "State", "Dataflow", "Transforms", "Sources", "Sinks", protobuf],
            exclude: ["Generated/location_update.proto"]),
        tests("LocationIngest", uses: ["LocationIngest", "Records", protobuf]),

        pipeline(
            "TrafficUpdates",
            uses: [
                "Records", "State", "Dataflow", "Transforms", "Sources", "Sinks", "Geo",
                "RoadNetwork", "MapMatching", "LocationIngest", protobuf,
            ],
            exclude: ["Generated/traffic.proto"]),
        tests(
            "TrafficUpdates",
            uses: [
                "TrafficUpdates", "LocationIngest", "Geo", "RoadNetwork", "Records", "State",
                "Dataflow", "Transforms", "Runtime", "OperatorTesting", "TestFiles",
            ]),
        pipeline(
            "WordCount",
            uses: ["Records", "State", "Dataflow", "Transforms", "Sources", "Sinks"]),
        tests(
            "WordCount", uses: ["Records", "Dataflow", "Runtime", "OperatorTesting", "WordCount"]),
        // The binary in processes of its own: workers killed under load, the main job.
        tests(
            "Delivery",
            uses: [
                "Records", "State", "KafkaClient", "PostgresClient", "ObjectStore", "WordCount",
                "DatabaseFixture", "S3Fixture",
            ]),

        // The binary.
        .executableTarget(
            name: "Command",
            dependencies: [
                "Records", "State", "Dataflow", "Transforms", "Sources", "Runtime", "KafkaClient",
                "PostgresClient", "ObjectStore", "BrokerModel", "EmbeddedBroker", "Serving", "Geo",
                "RoadNetwork", "MapMatching", "TimeSeries", "LocationIngest", "TrafficUpdates",
                "WordCount", "Fleet", "OperatorTesting",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "Yams", package: "Yams"),
            ],
            path: "Pipelines/Command", exclude: ["README.md"], swiftSettings: settings),
        tests(
            "Command",
            uses: [
                "Command", "Records", "State", "Dataflow", "Runtime", "KafkaClient",
                "PostgresClient", "LocationIngest", "TrafficUpdates", "WordCount", "Serving",
                "Sources", "OperatorTesting", "TestFiles", "Geo", "RoadNetwork",
                "EmbeddedBroker", "LogContract", "DatabaseFixture", "Sinks", "Transforms", "Fleet",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            exclude: ["Golden"]),
    ]
)
