/// Reads samples one after another.
struct ChunkDecoder {
    private var cursor: BitCursor
    private(set) var state = ChunkState()

    /// Starts at the first bit of words that ``BitCursor/padding`` words of zeros follow.
    init(_ words: UnsafePointer<UInt64>, firstTimestamp: Int64) {
        cursor = BitCursor(words)
        state.timestamp = firstTimestamp
    }

    var position: Int { cursor.position }

    /// Reads a sample; `false` for bits that no encoder writes.
    @inline(__always)
    mutating func next(isFirst: Bool) -> Bool {
        if !isFirst {
            if cursor.read(1) != 0 {
                var rice = AdaptiveRice(scaledMean: state.timeMean)
                let change = AdaptiveRice.unzigzag(rice.read(from: &cursor) &+ 1)
                state.timeMean = rice.scaledMean
                state.delta = state.delta &+ change
            }
            state.timestamp = state.timestamp &+ state.delta
        }
        if cursor.peek() &>> 63 == 0 {
            cursor.skip(1)
            readDecimal()
            return true
        }
        return readOther()
    }

    @inline(__always)
    private mutating func readDecimal() {
        var rice = AdaptiveRice(scaledMean: state.digitsMean)
        state.digits = state.digits &+ AdaptiveRice.unzigzag(rice.read(from: &cursor))
        state.digitsMean = rice.scaledMean
        var bits = ChunkState.decimal(state.digits, state.power).bitPattern
        if state.isCorrected {
            let ones = min(4, (~cursor.peek()).leadingZeroBitCount)
            cursor.skip(min(4, ones &+ 1))
            switch ones {
            case 0: break
            case 1: bits = bits &+ 1
            case 2: bits = bits &- 1
            case 3: bits = bits &+ 2
            default: bits = bits &- 2
            }
        }
        state.bits = bits
    }

    private mutating func readOther() -> Bool {
        let bits = cursor.peek()
        if bits >> 62 == 0b10 {
            guard state.length > 0 else { return false }
            cursor.skip(2)
            readXOR()
            return true
        }
        if bits >> 61 == 0b110 {
            cursor.skip(3)
            state.leading = Int(cursor.read(5))
            state.length = Int(cursor.read(6)) + 1
            guard state.leading + state.length <= 64 else { return false }
            readXOR()
            return true
        }
        guard bits >> 60 == 0b1110 else { return false }
        cursor.skip(4)
        let places = Int(cursor.read(4))
        guard places <= ChunkState.placesLimit else { return false }
        state.scale(to: places)
        state.isCorrected = cursor.read(1) == 1
        // Only a decimal follows a change of places.
        guard cursor.read(1) == 0 else { return false }
        readDecimal()
        return true
    }

    private mutating func readXOR() {
        let difference = cursor.read(state.length)
        state.bits ^= difference << UInt64(64 - state.leading - state.length)
    }
}
