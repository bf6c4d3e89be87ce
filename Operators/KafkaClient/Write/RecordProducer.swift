internal import CRdKafka
internal import Glibc
internal import Records

/// Hands single records to librdkafka through one reused argument list.
///
/// `rd_kafka_produce_batch` would take many records in one call, but carries no timestamps.
final class RecordProducer {
    private enum Field {
        static let flags = 0
        static let slot = 1
        static let topic = 2
        static let partition = 3
        static let timestamp = 4
        static let key = 5
        static let value = 6
        static let count = 7
    }

    private let client: OpaquePointer
    private let fields: UnsafeMutablePointer<rd_kafka_vu_t>
    private let empty: UnsafeMutableRawPointer

    init(_ client: OpaquePointer) {
        self.client = client
        fields = .allocate(capacity: Field.count + 1)
        fields.initialize(repeating: rd_kafka_vu_t(), count: Field.count + 1)
        empty = .allocate(byteCount: 1, alignment: 1)
        fields[Field.flags].vtype = RD_KAFKA_VTYPE_MSGFLAGS
        fields[Field.flags].u.i = RD_KAFKA_MSG_F_COPY
        fields[Field.slot].vtype = RD_KAFKA_VTYPE_OPAQUE
        fields[Field.topic].vtype = RD_KAFKA_VTYPE_RKT
        fields[Field.partition].vtype = RD_KAFKA_VTYPE_PARTITION
        fields[Field.timestamp].vtype = RD_KAFKA_VTYPE_TIMESTAMP
        fields[Field.key].vtype = RD_KAFKA_VTYPE_KEY
        fields[Field.value].vtype = RD_KAFKA_VTYPE_VALUE
        fields[Field.count].vtype = RD_KAFKA_VTYPE_HEADERS
    }

    deinit {
        fields.deallocate()
        empty.deallocate()
    }

    /// Which batch the next records belong to.
    func begin(slot: Int) { fields[Field.slot].u.ptr = DeliveryLedger.opaque(slot) }

    /// Copies one record into the client's queue.
    ///
    /// - Returns: the error object, owned by the caller; nil when the record was taken.
    func produce(
        _ entry: OutputBatch.Entry, _ topic: OpaquePointer, _ bytes: UnsafeRawBufferPointer
    ) -> OpaquePointer? {
        fields[Field.topic].u.rkt = topic
        fields[Field.partition].u.i32 = entry.partition < 0 ? -1 : entry.partition
        // The client takes 0 for "now", and a log knows no time before 1970.
        fields[Field.timestamp].u.i64 = max(1, entry.timestamp.milliseconds)
        set(Field.key, entry.key, bytes)
        set(Field.value, entry.value, bytes)
        guard !entry.headers.isEmpty else {
            return rd_kafka_produceva(client, fields, Field.count)
        }
        let headers = rd_kafka_headers_new(entry.headers.count)
        for header in entry.headers {
            header.value.withUnsafeBytes { value in
                _ = rd_kafka_header_add(
                    headers, header.name, header.name.utf8.count,
                    value.baseAddress ?? UnsafeRawPointer(empty),
                    value.count)
            }
        }
        fields[Field.count].u.headers = headers
        let error = rd_kafka_produceva(client, fields, Field.count + 1)
        // The client owns the list from the moment it takes the record, not before.
        if error != nil { rd_kafka_headers_destroy(headers) }
        return error
    }

    private func set(_ field: Int, _ range: Range<Int>?, _ bytes: UnsafeRawBufferPointer) {
        guard let range else {
            fields[field].u.mem.ptr = nil
            fields[field].u.mem.size = 0
            return
        }
        // An empty value is no tombstone: it needs an address.
        fields[field].u.mem.ptr =
            bytes.baseAddress.map { UnsafeMutableRawPointer(mutating: $0 + range.lowerBound) }
            ?? empty
        fields[field].u.mem.size = range.count
    }
}
