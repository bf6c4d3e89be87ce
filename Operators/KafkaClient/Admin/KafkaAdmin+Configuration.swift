internal import CRdKafka
internal import Records

extension KafkaAdmin {
    /// The most bytes of a batch of records (`max.message.bytes`) of each topic that tells it: a cluster may
    /// keep its configuration to itself.
    package func batchBounds(of topics: [String]) throws -> [String: Int] {
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
        var bounds: [String: Int] = [:]
        for resource in UnsafeBufferPointer(start: results, count: count) {
            guard rd_kafka_ConfigResource_error(resource) == RD_KAFKA_RESP_ERR_NO_ERROR,
                let name = rd_kafka_ConfigResource_name(resource)
            else { continue }
            var entryCount = 0
            let entries = rd_kafka_ConfigResource_configs(resource, &entryCount)
            for entry in UnsafeBufferPointer(start: entries, count: entryCount) {
                guard let key = rd_kafka_ConfigEntry_name(entry),
                    String(cString: key) == "max.message.bytes",
                    let value = rd_kafka_ConfigEntry_value(entry),
                    let bytes = Int(String(cString: value))
                else { continue }
                bounds[String(cString: name)] = bytes
            }
        }
        return bounds
    }
}
