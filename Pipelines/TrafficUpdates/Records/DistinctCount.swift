public import Records

/// How many different hashes were added: exact up to a bound, estimated above it.
///
/// What was added may be taken back. Small sets are kept whole and merged as sets. Above the bound a HyperLogLog sketch
/// takes over (Flajolet, Fusy, Gandouet and Meunier, 2007), with 1,024 registers and a standard error of 3.3 %. Two
/// counts are never added up, as both may know the same vehicle.
public struct DistinctCount: Hashable, Sendable, BinaryCodable {
    /// The most hashes that are kept whole.
    public static let exactBound = 128
    private static let registerBits: UInt64 = 10
    private static let registerCount = 1 << 10
    /// The most that a register holds.
    private static let mostRank = UInt8(UInt64.bitWidth - Int(registerBits) + 1)

    /// A hash and how often it was added, less how often it was taken back.
    private struct Entry: Hashable, Sendable {
        var hash: UInt64
        var times: Int32
    }

    /// Ascending by hash, without those that were taken back as often as they were added; empty once the sketch
    /// has taken over.
    private var exact: [Entry] = []
    /// Empty while the set is kept whole.
    private var registers: [UInt8] = []

    /// Knows of nothing.
    public init() {}

    /// Takes a well-mixed hash in.
    public mutating func insert(_ hash: UInt64) { add(hash, 1) }

    /// Takes back that a hash was added once; what a sketch knows it doesn't forget.
    public mutating func remove(_ hash: UInt64) { add(hash, -1) }

    private mutating func add(_ hash: UInt64, _ times: Int32) {
        guard registers.isEmpty else {
            if times > 0 { note(hash) }
            return
        }
        var low = 0
        var high = exact.count
        while low < high {
            let middle = (low + high) / 2
            if exact[middle].hash < hash { low = middle + 1 } else { high = middle }
        }
        if low < exact.count, exact[low].hash == hash {
            let (sum, overflow) = exact[low].times.addingReportingOverflow(times)
            if !overflow { exact[low].times = sum }
            if exact[low].times == 0 { exact.remove(at: low) }
            return
        }
        exact.insert(Entry(hash: hash, times: times), at: low)
        if exact.count > DistinctCount.exactBound { sketch() }
    }

    /// Takes in everything that `other` knows.
    public mutating func merge(_ other: DistinctCount) {
        if other.registers.isEmpty {
            for entry in other.exact { add(entry.hash, entry.times) }
            return
        }
        if registers.isEmpty { sketch() }
        for index in registers.indices {
            registers[index] = max(registers[index], other.registers[index])
        }
    }

    /// The number of different hashes.
    public var count: Int {
        if registers.isEmpty { return exact.count { $0.times > 0 } }
        let size = Double(DistinctCount.registerCount)
        let sum = registers.reduce(0.0) {
            $0 + Double(sign: .plus, exponent: -Int($1), significand: 1)
        }
        let estimate = 0.7213 / (1 + 1.079 / size) * size * size / sum
        let empty = registers.count { $0 == 0 }
        // Linear counting is better where many registers are empty still.
        guard estimate <= 2.5 * size, empty > 0 else { return Int(estimate.rounded()) }
        return Int((size * DistinctCount.naturalLogarithm(size / Double(empty))).rounded())
    }

    /// The natural logarithm of a number of at least 1, by the series of artanh.
    private static func naturalLogarithm(_ value: Double) -> Double {
        let exponent = Double(value.exponent)
        let ratio = (value.significand - 1) / (value.significand + 1)
        var (term, sum, divisor) = (ratio, 0.0, 1.0)
        while term.magnitude > 1e-17 {
            sum += term / divisor
            term *= ratio * ratio
            divisor += 2
        }
        return 2 * sum + exponent * 0.693_147_180_559_945_3
    }

    private mutating func sketch() {
        registers = [UInt8](repeating: 0, count: DistinctCount.registerCount)
        for entry in exact where entry.times > 0 { note(entry.hash) }
        exact = []
    }

    private mutating func note(_ hash: UInt64) {
        let index = Int(hash & UInt64(DistinctCount.registerCount - 1))
        let rest = hash >> DistinctCount.registerBits
        let rank = UInt8(rest.leadingZeroBitCount - Int(DistinctCount.registerBits) + 1)
        registers[index] = max(registers[index], rank)
    }

    /// Reads a count.
    public init(from reader: inout ByteReader) throws(CodecError) {
        let hashes = try reader.count(minimumSize: 12)
        guard hashes <= DistinctCount.exactBound else { throw .malformed("too many hashes") }
        for _ in 0..<hashes {
            exact.append(Entry(hash: try reader.integer(), times: try reader.integer()))
        }
        guard zip(exact, exact.dropFirst()).allSatisfy({ $0.hash < $1.hash }) else {
            throw .malformed("hashes out of order")
        }
        let count = try reader.count()
        guard count == 0 || count == DistinctCount.registerCount else {
            throw .malformed("a sketch of another size")
        }
        registers = Array(try reader.raw(count))
        guard registers.allSatisfy({ $0 <= DistinctCount.mostRank }) else {
            throw .malformed("a sketch of what no hash gives")
        }
    }

    /// Writes the count.
    public func encode(into writer: inout ByteWriter) {
        writer.varint(UInt64(exact.count))
        for entry in exact {
            writer.integer(entry.hash)
            writer.integer(entry.times)
        }
        writer.varint(UInt64(registers.count))
        writer.raw(registers)
    }
}
