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
        name: name, dependencies: uses, path: "Pipelines/\(name)", exclude: exclude,
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
let nioPosix = Target.Dependency.product(name: "NIOPosix", package: "swift-nio")

let package = Package(
    name: "millrace",
    products: [.executable(name: "millrace", targets: ["Command"])],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-protobuf", from: "1.39.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        .package(
            url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    ],
    targets: [
        // Vocabulary and contracts.
        module("Records"),
        module("State", uses: ["Records"]),
        module("Dataflow", uses: ["Records", "State"]),
        module("Transforms", uses: ["Records", "State", "Dataflow"]),
        tests("Records", uses: ["Records"]),

        // C libraries and stores.
        clibrary("CZlib", pkgConfig: "zlib", apt: "zlib1g-dev"),
        .systemLibrary(
            name: "CSnappy", path: "Operators/CSnappy", providers: [.apt(["libsnappy-dev"])]),
        clibrary("CLZ4", pkgConfig: "liblz4", apt: "liblz4-dev"),
        clibrary("CZstd", pkgConfig: "libzstd", apt: "libzstd-dev"),
        module("Compression", uses: ["CZlib", "CSnappy", "CLZ4", "CZstd"]),
        tests("Compression", uses: ["Compression"]),

        // Maps.
        module("Geo", uses: ["Records", "Compression"]),
        module("RoadNetwork", uses: ["Records", "Compression", "Geo", protobuf]),
        module("MapMatching", uses: ["Records", "Compression", "Geo", "RoadNetwork"]),

        // Series.
        module("TimeSeries", uses: ["Records", "Compression", protobuf]),

        // The log of development.
        module("BrokerModel", uses: ["Records"]),
        module(
            "EmbeddedBroker",
            uses: ["Records", "BrokerModel", "Compression", nioCore, nioPosix]),
        tests("BrokerModel", uses: ["BrokerModel", "Records"], exclude: ["golden"]),
        tests(
            "EmbeddedBroker",
            uses: ["EmbeddedBroker", "BrokerModel", "Records", "Compression"],
            exclude: ["clients"]),

        // `make bench`.
        .executableTarget(
            name: "Benchmarks", dependencies: ["Records"], path: "Tests/Benchmarks",
            swiftSettings: settings),

        // The binary.
        .executableTarget(
            name: "Command",
            dependencies: [
                "Records", "BrokerModel", "EmbeddedBroker",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            path: "Pipelines/Command", swiftSettings: settings),
    ]
)
