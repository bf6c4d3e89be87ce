/// Codes non-negative integers in Rice's way, with a parameter that follows what was coded before
/// (Rice, "Some practical universal noiseless coding techniques", JPL 1979).
///
/// Both sides update the parameter alike, so none is stored.
struct AdaptiveRice: Sendable {
    /// From so many ones in a row on, the number itself follows in 64 bits.
    private static let escape = 16
    /// So that quotient and remainder fit one word.
    private static let parameterLimit = 40

    /// Sixteen times the running mean.
    private(set) var scaledMean: UInt64

    init(scaledMean: UInt64) {
        self.scaledMean = scaledMean
    }

    @inline(__always)
    private var parameter: Int {
        let mean = scaledMean &>> 4
        return min(AdaptiveRice.parameterLimit, max(0, 63 &- mean.leadingZeroBitCount))
    }

    @inline(__always)
    private mutating func follow(_ value: UInt64) {
        // A single spike must not spoil the parameter for what comes behind it.
        let bounded = min(value, (scaledMean &>> 1) &+ 32)
        scaledMean = scaledMean &- (scaledMean &>> 4) &+ bounded
    }

    @inline(__always)
    mutating func write(_ value: UInt64, to writer: inout BitWriter) {
        let k = parameter
        let quotient = value &>> UInt64(truncatingIfNeeded: k)
        if quotient < UInt64(AdaptiveRice.escape) {
            let ones = Int(quotient)
            let remainder = value & ((1 &<< UInt64(truncatingIfNeeded: k)) &- 1)
            let head = ((1 &<< UInt64(truncatingIfNeeded: ones)) &- 1) &<< 1
            writer.write(
                (head &<< UInt64(truncatingIfNeeded: k)) | remainder, ones &+ 1 &+ k)
        } else {
            writer.write(0xFFFF, AdaptiveRice.escape)
            writer.write(value, 64)
        }
        follow(value)
    }

    @inline(__always)
    mutating func read(from cursor: inout BitCursor) -> UInt64 {
        let k = parameter
        let bits = cursor.peek()
        let ones = (~bits).leadingZeroBitCount
        let value: UInt64
        if ones < AdaptiveRice.escape {
            let tail = bits &<< UInt64(truncatingIfNeeded: ones &+ 1)
            let remainder = k == 0 ? 0 : tail &>> UInt64(truncatingIfNeeded: 64 &- k)
            value = (UInt64(truncatingIfNeeded: ones) &<< UInt64(truncatingIfNeeded: k)) | remainder
            cursor.skip(ones &+ 1 &+ k)
        } else {
            cursor.skip(AdaptiveRice.escape)
            value = cursor.read(64)
        }
        follow(value)
        return value
    }

    @inline(__always)
    static func zigzag(_ value: Int64) -> UInt64 {
        UInt64(bitPattern: (value &<< 1) ^ (value &>> 63))
    }

    @inline(__always)
    static func unzigzag(_ value: UInt64) -> Int64 {
        Int64(bitPattern: value &>> 1) ^ (0 &- Int64(bitPattern: value & 1))
    }
}
