/// Writes samples behind one another.
///
/// Timestamps as differences of differences and values as XOR with the one before are Facebook's
/// Gorilla (Pelkonen et al., "Gorilla: a fast, scalable, in-memory time series database", VLDB
/// 2015). Most values of metrics are decimal numbers with few places, on which XOR is weak; those
/// are coded as differences of their digits, which gives back the same bits.
///
/// | bits | what follows |
/// |---|---|
/// | `0` | decimal: difference of digits, perhaps a correction |
/// | `10` | XOR within the last window |
/// | `110` | XOR with a new window |
/// | `1110` | decimal places and whether corrections follow, then the value's own code |
struct ChunkEncoder: Sendable {
    /// Added to a number and taken away again it leaves the nearest integer, ties to even.
    private static let shift = 0x1.8p52

    private(set) var state: ChunkState
    private(set) var writer: BitWriter
    /// How many values in a row were no decimals; many make the search for places rare.
    private var misses = 0

    init() {
        state = ChunkState()
        writer = BitWriter()
        writer.reserve(64)
    }

    init(state: ChunkState, words: [UInt64], bitCount: Int) {
        self.state = state
        writer = BitWriter(words: words, bitCount: bitCount)
    }

    @inline(__always)
    mutating func append(_ timestamp: Int64, _ value: Double, isFirst: Bool) {
        if isFirst {
            state.timestamp = timestamp
        } else {
            let delta = timestamp &- state.timestamp
            let change = delta &- state.delta
            state.timestamp = timestamp
            state.delta = delta
            if change == 0 {
                writer.write(0, 1)
            } else {
                writer.write(1, 1)
                var rice = AdaptiveRice(scaledMean: state.timeMean)
                rice.write(AdaptiveRice.zigzag(change) &- 1, to: &writer)
                state.timeMean = rice.scaledMean
            }
        }
        write(value)
    }

    /// The digits and the correction of a value at so many places, if it is decimal there.
    @inline(__always)
    private func decimal(
        _ value: Double, power: Double
    ) -> (digits: Int64, correction: Int64)? {
        let shifted = value * power + ChunkEncoder.shift
        guard (shifted - ChunkEncoder.shift).magnitude < ChunkState.digitsLimit else { return nil }
        // What the sum's last bits say is that integer.
        let digits =
            Int64(bitPattern: shifted.bitPattern)
            &- Int64(bitPattern: ChunkEncoder.shift.bitPattern)
        let base = ChunkState.decimal(digits, power)
        let correction = Int64(bitPattern: value.bitPattern) &- Int64(bitPattern: base.bitPattern)
        guard correction >= -2, correction <= 2 else { return nil }
        return (digits, correction)
    }

    @inline(__always)
    private mutating func write(_ value: Double) {
        if let (digits, correction) = decimal(value, power: state.power),
            correction == 0 || state.isCorrected
        {
            write(digits: digits, correction)
        } else {
            writeOther(value)
        }
        state.bits = value.bitPattern
    }

    @inline(__always)
    private mutating func write(digits: Int64, _ correction: Int64) {
        misses = 0
        writer.write(0, 1)
        var rice = AdaptiveRice(scaledMean: state.digitsMean)
        rice.write(AdaptiveRice.zigzag(digits &- state.digits), to: &writer)
        state.digitsMean = rice.scaledMean
        state.digits = digits
        guard state.isCorrected else { return }
        switch correction {
        case 0: writer.write(0, 1)
        case 1: writer.write(0b10, 2)
        case -1: writer.write(0b110, 3)
        case 2: writer.write(0b1110, 4)
        default: writer.write(0b1111, 4)
        }
    }

    /// A value that needs other places, or is no decimal.
    private mutating func writeOther(_ value: Double) {
        if value.isFinite, misses < 16 || misses & 63 == 0 {
            for places in 0...ChunkState.placesLimit {
                guard
                    let (digits, correction) = decimal(
                        value, power: ChunkState.powers[places])
                else { continue }
                let isCorrected = correction != 0
                // Fewer places would not do for the values before.
                let wanted = max(places, state.places)
                guard
                    let (wide, again) = wanted == places
                        ? (digits, correction) : decimal(value, power: ChunkState.powers[wanted])
                else { break }
                set(places: wanted, isCorrected: isCorrected || again != 0 || state.isCorrected)
                write(digits: wide, again)
                return
            }
        }
        misses += 1
        writeXOR(value.bitPattern)
    }

    private mutating func set(places: Int, isCorrected: Bool) {
        writer.write(0b1110, 4)
        writer.write(UInt64(places), 4)
        writer.write(isCorrected ? 1 : 0, 1)
        state.scale(to: places)
        state.isCorrected = isCorrected
    }

    private mutating func writeXOR(_ bits: UInt64) {
        let difference = bits ^ state.bits
        let leading = min(31, difference.leadingZeroBitCount)
        let trailing = difference == 0 ? 63 : difference.trailingZeroBitCount
        let length = max(1, 64 - leading - trailing)
        let end = state.leading + state.length
        if state.length > 0, leading >= state.leading, 64 - trailing <= end {
            writer.write(0b10, 2)
            writer.write(difference >> UInt64(64 - end), state.length)
        } else {
            writer.write(0b110, 3)
            writer.write(UInt64(leading), 5)
            writer.write(UInt64(length - 1), 6)
            writer.write(difference >> UInt64(64 - leading - length), length)
            state.leading = leading
            state.length = length
        }
    }
}
