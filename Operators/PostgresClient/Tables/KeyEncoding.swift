internal import Records
internal import State

/// Encodes keys so that their bytes are equal and ordered as the values are: near keys stand together,
/// which is what a B-tree likes to be fed.
enum KeyEncoding {
    /// Appends one column of a key.
    static func append(
        _ value: TableValue, as type: ColumnType, to writer: inout ByteWriter
    ) throws(BinaryFormat.Unfit) {
        switch (value, type) {
        case (.null, _):
            throw .nullKey
        case (.integer(let number), .integer):
            writer.bigEndian(UInt64(bitPattern: number) ^ (1 << 63))
        case (.time(let time), .time):
            guard PostgresTime.microseconds(time) != nil else { throw .time }
            writer.bigEndian(UInt64(bitPattern: time.milliseconds) ^ (1 << 63))
        case (.boolean(let flag), .boolean):
            writer.integer(flag ? 1 : 0 as UInt8)
        case (.double(let number), .double):
            writer.bigEndian(ordered(number))
        case (.text(let text), .text):
            // A text holds no NUL, so one ends it.
            guard BinaryFormat.writeText(text, into: &writer) else { throw .nul }
            writer.integer(0 as UInt8)
        case (.bytes(let bytes), .bytes):
            for byte in bytes {
                writer.integer(byte)
                if byte == 0 { writer.integer(0xff as UInt8) }
            }
            writer.integer(0 as UInt8)
            writer.integer(0 as UInt8)
        default:
            throw .type
        }
    }

    /// PostgreSQL's order of doubles: -0.0 and 0.0 are one, NaN is one and greater than all.
    private static func ordered(_ number: Double) -> UInt64 {
        if number.isNaN { return .max }
        let bits = number == 0 ? 0 : number.bitPattern
        return bits >> 63 == 1 ? ~bits : bits | (1 << 63)
    }
}
