package import Records

/// A writer whose client is made anew once its cluster has refused records for their size: the new one knows what
/// topics take by now.
///
/// What the old client had not written is reported as lost.
package final class RenewedWriter: LogWriter {
    private let make: () throws -> KafkaWriter
    private var writer: KafkaWriter?
    /// What became of batches of the old client.
    private var reports: [DeliveryReport] = []

    /// Makes the first client.
    package init(_ make: @escaping () throws -> KafkaWriter) throws {
        self.make = make
        writer = try make()
    }

    private func current() throws -> KafkaWriter {
        if let writer, !writer.mustBeReplaced { return writer }
        if let writer { reports += writer.giveUp() }
        writer = nil
        let made = try make()
        writer = made
        return made
    }

    package func partitionCount(of topic: String) throws -> Int32 {
        try current().partitionCount(of: topic)
    }

    package func recordBound(of topic: String) -> Int {
        // A client that can't be made now is made, or told of, when something is written.
        (try? current())?.recordBound(of: topic) ?? .max
    }

    package func write(_ batch: OutputBatch, token: UInt64) throws {
        try current().write(batch, token: token)
    }

    package func poll() -> [DeliveryReport] {
        defer { reports = [] }
        return reports + (writer?.poll() ?? [])
    }

    package func flush(timeoutMilliseconds: Int) throws {
        if let error = reports.lazy.compactMap(\.error).first { throw error }
        try writer?.flush(timeoutMilliseconds: timeoutMilliseconds)
    }

    package func close() {
        writer?.close()
        writer = nil
    }
}
