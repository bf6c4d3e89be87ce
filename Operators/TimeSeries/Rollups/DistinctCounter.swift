internal import Glibc
public import Records

/// How many different values there were, within about 3 %, in at most a kilobyte, mergeable.
///
/// HyperLogLog with 1,024 registers (Flajolet et al., 2007), whose small counts are corrected by
/// linear counting; a counter of nothing takes no memory.
public struct DistinctCounter: Sendable, Equatable {
    private static let bits = 10
    private static let size = 1 << bits

    private var registers: [UInt8] = []

    /// A counter of nothing.
    public init() {}

    /// Adds a value; two zeros of different sign are one value, as all NaNs are.
    public mutating func add(_ value: Double) {
        let bits = value.isNaN ? StaleMarker.normalNaNBits : value == 0 ? 0 : value.bitPattern
        add(hash: SeededGenerator.mix(bits &+ 0x9E37_79B9_7F4A_7C15))
    }

    private mutating func add(hash: UInt64) {
        if registers.isEmpty {
            registers = Array(repeating: 0, count: DistinctCounter.size)
        }
        let place = Int(hash >> UInt64(64 - DistinctCounter.bits))
        let rest = (hash << UInt64(DistinctCounter.bits)) | 1 << UInt64(DistinctCounter.bits - 1)
        registers[place] = max(registers[place], UInt8(rest.leadingZeroBitCount + 1))
    }

    /// Adds what another counter saw.
    public mutating func merge(_ other: DistinctCounter) {
        if registers.isEmpty {
            registers = other.registers
        } else if !other.registers.isEmpty {
            for index in registers.indices {
                registers[index] = max(registers[index], other.registers[index])
            }
        }
    }

    /// The estimate.
    public var count: Double {
        guard !registers.isEmpty else { return 0 }
        let size = Double(DistinctCounter.size)
        var sum = 0.0
        var empty = 0
        for register in registers {
            sum += exp2(-Double(register))
            if register == 0 { empty += 1 }
        }
        let estimate = 0.7213 / (1 + 1.079 / size) * size * size / sum
        return estimate <= 2.5 * size && empty > 0 ? size * log(size / Double(empty)) : estimate
    }
}

extension DistinctCounter: BinaryCodable {
    public func encode(into writer: inout ByteWriter) { writer.lengthPrefixed(registers) }

    public init(from reader: inout ByteReader) throws(CodecError) {
        let bytes = try reader.lengthPrefixed()
        guard bytes.isEmpty || bytes.count == DistinctCounter.size,
            bytes.allSatisfy({ $0 <= 64 })
        else { throw .malformed("a counter's registers") }
        registers = Array(bytes)
    }
}
