internal import CRdKafka
package import Records

extension KafkaAdmin {
    /// What each topic refuses that tells it: a cluster may keep its configuration to itself.
    package func limits(of topics: [String]) throws -> [String: TopicLimits] {
        guard !topics.isEmpty else { return [:] }
        var resources: [OpaquePointer?] = topics.map {
            rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, $0)
        }
        defer { rd_kafka_ConfigResource_destroy_array(&resources, resources.count) }
        let event = try request(RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS, "asking for topics' bounds") {
            client, options, queue in
            rd_kafka_DescribeConfigs(client, &resources, resources.count, options, queue)
        }
        defer { rd_kafka_event_destroy(event) }
        var count = 0
        let results = rd_kafka_DescribeConfigs_result_resources(
            rd_kafka_event_DescribeConfigs_result(event), &count)
        guard let results else { return [:] }
        var limits: [String: TopicLimits] = [:]
        for resource in UnsafeBufferPointer(start: results, count: count) {
            guard rd_kafka_ConfigResource_error(resource) == RD_KAFKA_RESP_ERR_NO_ERROR,
                let name = rd_kafka_ConfigResource_name(resource)
            else { continue }
            var entryCount = 0
            let entries = rd_kafka_ConfigResource_configs(resource, &entryCount)
            var settings: [String: String] = [:]
            for entry in UnsafeBufferPointer(start: entries, count: entryCount) {
                guard let key = rd_kafka_ConfigEntry_name(entry),
                    let value = rd_kafka_ConfigEntry_value(entry)
                else { continue }
                settings[String(cString: key)] = String(cString: value)
            }
            limits[String(cString: name)] = KafkaAdmin.limits(settings)
        }
        return limits
    }

    /// What a topic's settings refuse.
    private static func limits(_ settings: [String: String]) -> TopicLimits {
        var limits = TopicLimits(batchBytes: settings["max.message.bytes"].flatMap { Int($0) })
        limits.needsKey =
            settings["cleanup.policy"]?.split(separator: ",").contains("compact") ?? false
        // A topic that writes the time of arrival takes any.
        if settings["message.timestamp.type"] == "LogAppendTime" { return limits }
        func least(_ names: String...) -> Int64 {
            names.compactMap { settings[$0].flatMap { Int64($0) } }.min() ?? .max
        }
        // The last is the name of both before Kafka 3.6; it is gone in 4.
        let difference = "message.timestamp.difference.max.ms"
        limits.aheadMilliseconds = least("message.timestamp.after.max.ms", difference)
        limits.behindMilliseconds = least("message.timestamp.before.max.ms", difference)
        return limits
    }
}
