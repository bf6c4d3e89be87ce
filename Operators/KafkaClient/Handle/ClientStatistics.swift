internal import CRdKafka
internal import Glibc
internal import Synchronization

/// What the clients of this process cost, for `millrace doctor`.
package struct ClientStatistics: Sendable, CustomStringConvertible {
    /// Kafka consumers that are open.
    package var consumers: Int
    /// Kafka producers (and administrators) that are open.
    package var producers: Int
    /// Threads of the whole process.
    package var threads: Int
    /// Resident memory of the whole process, in bytes.
    package var residentBytes: Int
    /// librdkafka's version, `2.0.2`.
    package var libraryVersion: String
    /// What this librdkafka was built with, as `ssl` or `sasl_scram`.
    package var libraryFeatures: [String]

    private static let openConsumers = Atomic<Int>(0)
    private static let openProducers = Atomic<Int>(0)

    static func count(_ kind: ClientHandle.Kind, _ change: Int) {
        switch kind {
        case .consumer: openConsumers.wrappingAdd(change, ordering: .relaxed)
        case .producer: openProducers.wrappingAdd(change, ordering: .relaxed)
        }
    }

    /// What it is now.
    package static func current() -> ClientStatistics {
        ClientStatistics(
            consumers: openConsumers.load(ordering: .relaxed),
            producers: openProducers.load(ordering: .relaxed),
            threads: threadCount(), residentBytes: residentMemory(),
            libraryVersion: String(cString: rd_kafka_version_str()), libraryFeatures: features())
    }

    /// One line for a person.
    package var description: String {
        "librdkafka \(libraryVersion): \(consumers) consumers, \(producers) producers;"
            + " process: \(threads) threads, \(residentBytes / 1_048_576) MiB resident"
    }

    private static func threadCount() -> Int {
        guard let directory = opendir("/proc/self/task") else { return 0 }
        defer { closedir(directory) }
        var count = 0
        while let entry = readdir(directory) {
            // Entries are thread ids, beside `.` and `..`.
            if entry.pointee.d_name.0 != CChar(UInt8(ascii: ".")) { count += 1 }
        }
        return count
    }

    private static func residentMemory() -> Int {
        guard let file = fopen("/proc/self/statm", "re") else { return 0 }
        defer { fclose(file) }
        var line = [CChar](repeating: 0, count: 128)
        guard fgets(&line, Int32(line.count), file) != nil else { return 0 }
        let fields = string(line).split(separator: " ")
        guard fields.count > 1, let pages = Int(fields[1]) else { return 0 }
        return pages * Int(sysconf(Int32(_SC_PAGESIZE)))
    }

    private static func features() -> [String] {
        let conf = rd_kafka_conf_new()
        defer { rd_kafka_conf_destroy(conf) }
        var text = [CChar](repeating: 0, count: 1_024)
        var size = text.count
        guard rd_kafka_conf_get(conf, "builtin.features", &text, &size) == RD_KAFKA_CONF_OK else {
            return []
        }
        return string(text).split(separator: ",").map { feature in
            String(feature.drop { $0 == " " })
        }
    }
}
