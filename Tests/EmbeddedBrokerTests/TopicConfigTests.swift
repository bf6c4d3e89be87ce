import BrokerModel
import EmbeddedBroker
import Records
import Testing

@Suite("The values of a topic")
struct TopicConfigTests {
    private let files = FaultyFiles(seed: 61)

    @Test("are taken by all of Kafka's names, though they have no effect on one node")
    func withoutEffect() throws {
        let broker = try TestBroker(files: files)
        let words = ["uncompressed", "gzip", "snappy", "lz4", "zstd", "producer"]
        for word in words {
            let error = try broker.createTopic(word, ["compression.type": word])
            #expect(error == ErrorCode.none, "\(word)")
            #expect(try broker.configuration(word, "compression.type") == word)
            // Batches stay as they came.
            let batch = TestBroker.batch(["v"])
            #expect(try broker.produce(batch, topic: word).error == ErrorCode.none)
            #expect(try broker.headers(word).map(\.codec) == [0])
        }
        for (name, value) in [
            ("compression.gzip.level", "9"), ("compression.lz4.level", "17"),
            ("compression.zstd.level", "-7"), ("remote.storage.enable", "false"),
            ("leader.replication.throttled.replicas", "0:0,1:0"),
            ("follower.replication.throttled.replicas", "*"), ("local.retention.ms", "-2"),
            ("local.retention.bytes", "77"),
        ] {
            #expect(try broker.configure("gzip", name, value) == ErrorCode.none, "\(name)")
            #expect(try broker.configuration("gzip", name) == value)
        }
    }

    @Test("that can't be are refused")
    func refused() throws {
        let broker = try TestBroker(files: files)
        for (name, value) in [
            ("compression.type", "brotli"), ("compression.gzip.level", "0"),
            ("compression.gzip.level", "10"), ("compression.lz4.level", "0"),
            ("compression.zstd.level", "23"), ("remote.storage.enable", "true"),
            ("leader.replication.throttled.replicas", "0"), ("local.retention.ms", "-3"),
            ("follower.replication.throttled.replicas", "0:0,"),
            ("segment.bytes", "2147483648"), ("min.cleanable.dirty.ratio", "1.5"),
        ] {
            #expect(try broker.createTopic("t", [name: value]) == .invalidConfig, "\(name)")
        }
    }

    @Test("have the types that Kafka gives them")
    func types() throws {
        let broker = try TestBroker(files: files)
        try broker.createTopic("t")
        var request = DescribeConfigsRequest()
        var resource = DescribeConfigsRequest.DescribeConfigsResource()
        resource.resourceType = 2
        resource.resourceName = "t"
        request.resources = [resource]
        let configs = try broker.ask(request, DescribeConfigsResponse.self).results[0].configs
        let types = Dictionary(uniqueKeysWithValues: configs.map { ($0.name, $0.configType) })
        for (type, names) in [
            1: ["preallocate", "remote.storage.enable", "unclean.leader.election.enable"],
            2: ["compression.type", "message.timestamp.type"],
            3: [
                "segment.bytes", "max.message.bytes", "min.insync.replicas",
                "index.interval.bytes", "segment.index.bytes", "compression.zstd.level",
            ],
            5: ["retention.ms", "retention.bytes", "segment.ms", "local.retention.ms"],
            6: ["min.cleanable.dirty.ratio"],
            7: ["cleanup.policy", "leader.replication.throttled.replicas"],
        ] as [Int8: [String]] {
            for name in names { #expect(types[name] == type, "\(name)") }
        }
    }
}
