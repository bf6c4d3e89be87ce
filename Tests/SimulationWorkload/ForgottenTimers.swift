internal import Dataflow
internal import Records
internal import State

/// Takes the timers out of a checkpoint of ``TestPipelines/delayed(idleAfter:)``: the mistake of an engine that
/// restores states and forgets what they wait for.
enum ForgottenTimers {
    /// A key's cell as a process operator writes it.
    private struct Cell: BinaryCodable {
        let state: DelayedSum.State
        let seenAt: EventTime

        init(from reader: inout ByteReader) throws(CodecError) {
            state = try DelayedSum.State(from: &reader)
            _ = try [EventTime](from: &reader)
            seenAt = try EventTime(from: &reader)
        }

        func encode(into writer: inout ByteWriter) {
            state.encode(into: &writer)
            [EventTime]().encode(into: &writer)
            seenAt.encode(into: &writer)
        }
    }

    /// The checkpoint without the timers of the operator `delay`.
    static func rewrite(_ checkpoint: Checkpoint) throws(CodecError) -> Checkpoint {
        let sections = try checkpoint.sections.withUnsafeBufferPointer {
            (buffer) throws(CodecError) in
            var reader = ByteReader(UnsafeRawBufferPointer(buffer))
            var writer = ByteWriter()
            while !reader.isAtEnd {
                let id = try reader.string()
                let length = Int(try reader.integer(UInt32.self))
                var section = ByteReader(try reader.raw(length))
                var bytes = ByteWriter()
                if id == "delay" {
                    try EventTime(from: &section).encode(into: &bytes)
                    try EventTime(from: &section).encode(into: &bytes)
                    var table = KeyedTable<Int64, Cell>()
                    try table.apply(from: &section)
                    table.snapshot(.everything, into: &bytes)
                } else {
                    bytes.raw(try section.raw(section.remaining))
                }
                writer.string(id)
                writer.integer(UInt32(bytes.count))
                writer.raw(bytes.bytes)
            }
            return writer.bytes
        }
        return checkpoint.misread(as: sections[...])
    }
}
