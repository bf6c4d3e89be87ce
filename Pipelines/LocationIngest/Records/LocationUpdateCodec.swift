public import Records

/// The Protobuf form of ``LocationUpdate``, read and written by hand.
///
/// The bytes are those of the message `millrace.location.LocationUpdate`
/// (`Generated/location_update.proto`): fields in ascending order, zero values left out, as
/// swift-protobuf writes them. Reading takes the fields in any order, the last one of a number counts,
/// and unknown fields are skipped. It exists because locations are decoded by the million a second
/// and generated code takes five times as long.
public enum LocationUpdateCodec {
    /// Groups nested deeper than this in unknown fields are refused, as swift-protobuf does.
    static let maximumGroupDepth = 100

    private enum Tag {
        static let userID: UInt64 = 1 << 3 | 2
        static let userMode: UInt64 = 2 << 3
        static let navigationMode: UInt64 = 3 << 3
        static let latitude: UInt64 = 4 << 3 | 1
        static let longitude: UInt64 = 5 << 3 | 1
        static let observedAt: UInt64 = 6 << 3 | 1
        static let heading: UInt64 = 7 << 3 | 1
        static let speed: UInt64 = 8 << 3 | 1
    }

    /// Appends the message, without a length in front.
    public static func encode(_ update: LocationUpdate, into writer: inout ByteWriter) {
        if !update.userID.isEmpty {
            writer.varint(Tag.userID)
            writer.string(update.userID)
        }
        if update.userMode != .unspecified {
            writer.varint(Tag.userMode)
            writer.varint(UInt64(bitPattern: Int64(update.userMode.rawValue)))
        }
        if update.navigationMode != .unspecified {
            writer.varint(Tag.navigationMode)
            writer.varint(UInt64(bitPattern: Int64(update.navigationMode.rawValue)))
        }
        fixed(update.latitude.bitPattern, Tag.latitude, into: &writer)
        fixed(update.longitude.bitPattern, Tag.longitude, into: &writer)
        fixed(UInt64(bitPattern: update.observedAt.milliseconds), Tag.observedAt, into: &writer)
        optional(update.heading, Tag.heading, into: &writer)
        optional(update.speed, Tag.speed, into: &writer)
    }

    /// The message alone.
    public static func encode(_ update: LocationUpdate) -> [UInt8] {
        var writer = ByteWriter(capacity: 64)
        encode(update, into: &writer)
        return writer.bytes
    }

    /// Reads a message that fills `bytes`.
    ///
    /// - Throws: ``CodecError/truncated`` or ``CodecError/malformed(_:)``.
    public static func decode(
        _ bytes: UnsafeRawBufferPointer
    ) throws(CodecError) -> LocationUpdate {
        var reader = ByteReader(bytes)
        var update = LocationUpdate(
            userID: "", latitude: 0, longitude: 0, observedAt: EventTime(milliseconds: 0))
        while !reader.isAtEnd {
            switch try tag(&reader) {
            case Tag.userID:
                update.userID = try reader.string()
            case Tag.userMode:
                update.userMode = UserMode(rawValue: try code(&reader))
            case Tag.navigationMode:
                update.navigationMode = NavigationMode(rawValue: try code(&reader))
            case Tag.latitude:
                update.latitude = try reader.double()
            case Tag.longitude:
                update.longitude = try reader.double()
            case Tag.observedAt:
                update.observedAt = EventTime(milliseconds: try reader.integer(Int64.self))
            case Tag.heading:
                update.heading = try reader.double()
            case Tag.speed:
                update.speed = try reader.double()
            case let unknown:
                try skipField(unknown, &reader)
            }
        }
        return update
    }

    /// Reads a message that fills `bytes`; see ``decode(_:)-(UnsafeRawBufferPointer)``.
    public static func decode(_ bytes: [UInt8]) throws(CodecError) -> LocationUpdate {
        try bytes.withUnsafeBufferPointer { (buffer) throws(CodecError) in
            try decode(UnsafeRawBufferPointer(buffer))
        }
    }

    @inline(__always)
    private static func fixed(_ bits: UInt64, _ tag: UInt64, into writer: inout ByteWriter) {
        guard bits != 0 else { return }
        writer.varint(tag)
        writer.integer(bits)
    }

    @inline(__always)
    private static func optional(_ value: Double?, _ tag: UInt64, into writer: inout ByteWriter) {
        guard let value else { return }
        writer.varint(tag)
        writer.double(value)
    }

    /// An enumeration's code: the lower 32 bits of a varint.
    @inline(__always)
    private static func code(_ reader: inout ByteReader) throws(CodecError) -> Int32 {
        Int32(truncatingIfNeeded: try reader.varint())
    }
}

extension LocationUpdateCodec {
    /// A field's number and wire type; known fields take one byte.
    @inline(__always)
    private static func tag(_ reader: inout ByteReader) throws(CodecError) -> UInt64 {
        let first = try reader.integer(UInt8.self)
        guard first >= 0x80 else { return UInt64(first) }
        let rest = try reader.varint()
        guard rest <= UInt64(UInt32.max >> 7) else { throw .malformed("a tag past 32 bits") }
        return rest << 7 | UInt64(first & 0x7f)
    }

    /// Skips the value of an unknown field, or of a known one in a form that isn't its own.
    private static func skipField(
        _ tag: UInt64, _ reader: inout ByteReader
    ) throws(CodecError) {
        var groups: [UInt64] = []
        var tag = tag
        while true {
            guard tag >> 3 != 0 else { throw .malformed("field number 0") }
            switch tag & 7 {
            case 0: _ = try reader.varint()
            case 1: _ = try reader.raw(8)
            case 2: _ = try reader.lengthPrefixed()
            case 3:
                guard groups.count < maximumGroupDepth else {
                    throw .malformed("groups nested too deeply")
                }
                groups.append(tag >> 3)
            case 4:
                guard groups.popLast() == tag >> 3 else {
                    throw .malformed("a group ends that did not begin")
                }
            case 5: _ = try reader.raw(4)
            default: throw .malformed("wire type \(tag & 7)")
            }
            if groups.isEmpty { return }
            tag = try Self.tag(&reader)
        }
    }
}

/// In states and batches an update stands as a varint length and the message (Protobuf's delimited
/// form); a record of a topic is the message alone, by ``LocationUpdateCodec``.
extension LocationUpdate: BinaryCodable {
    public init(from reader: inout ByteReader) throws(CodecError) {
        self = try LocationUpdateCodec.decode(try reader.lengthPrefixed())
    }

    public func encode(into writer: inout ByteWriter) {
        writer.lengthPrefixed(LocationUpdateCodec.encode(self))
    }
}
