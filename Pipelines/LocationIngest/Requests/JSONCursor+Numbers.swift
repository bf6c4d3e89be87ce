/// A number as it stands in the text, taken apart: `±digits × 10^exponent`.
struct JSONNumber {
    /// Where its text lies.
    var range: Range<Int>
    /// Whether a minus sign stands in front.
    var isNegative: Bool
    /// The digits without point and leading zeros; meaningless when there are more than 19.
    var digits: UInt64
    /// How many digits there are, leading zeros not counted.
    var digitCount: Int
    /// The power of ten by which the digits are to be multiplied.
    var exponent: Int
}

extension JSONCursor {
    /// Takes a number's text.
    @inline(__always)
    mutating func numberText() throws(RequestRefusal) -> JSONNumber {
        let start = position
        let isNegative = current == UInt8(ascii: "-")
        if isNegative { position &+= 1 }
        var digits: UInt64 = 0
        var digitCount = 0
        var exponent = 0
        if current == UInt8(ascii: "0") {
            position &+= 1
            guard digit == nil else { throw fault("a number begins with a zero too many") }
        } else {
            guard takeDigits(&digits, &digitCount) > 0 else {
                throw fault("a digit is expected")
            }
        }
        if current == UInt8(ascii: ".") {
            position &+= 1
            let fraction = takeDigits(&digits, &digitCount)
            guard fraction > 0 else { throw fault("a digit is expected") }
            exponent = -fraction
        }
        if current | 0x20 == UInt8(ascii: "e") { exponent += try exponentText() }
        return JSONNumber(
            range: start..<position, isNegative: isNegative, digits: digits,
            digitCount: digitCount, exponent: exponent)
    }

    @inline(__always)
    private var digit: UInt64? {
        let value = current &- UInt8(ascii: "0")
        return value < 10 ? UInt64(value) : nil
    }

    /// Takes a run of digits and says how long it is; zeros in front of all others don't count.
    @inline(__always)
    private mutating func takeDigits(_ digits: inout UInt64, _ digitCount: inout Int) -> Int {
        // Local copies stay in registers.
        var place = position
        if digitCount == 0 {
            while place < end, bytes[place] == UInt8(ascii: "0") { place &+= 1 }
        }
        let first = place
        var value = digits
        while place < end {
            let digit = bytes[place] &- UInt8(ascii: "0")
            guard digit < 10 else { break }
            value = value &* 10 &+ UInt64(digit)
            place &+= 1
        }
        digits = value
        digitCount &+= place &- first
        let length = place &- position
        position = place
        return length
    }

    private mutating func exponentText() throws(RequestRefusal) -> Int {
        position &+= 1
        let isNegative = current == UInt8(ascii: "-")
        if isNegative || current == UInt8(ascii: "+") { position &+= 1 }
        guard digit != nil else { throw fault("a digit is expected") }
        var exponent = 0
        while let digit {
            // Far past what a double can hold it no longer matters how far.
            if exponent < 100_000_000 { exponent = exponent * 10 + Int(digit) }
            position &+= 1
        }
        return isNegative ? -exponent : exponent
    }

    /// The nearest double, ties to even; infinite past the greatest.
    ///
    /// Nil when the text is longer than `longest` bytes.
    ///
    /// Up to 19 digits over a power of ten below 10²⁰ are divided exactly, 128 by 64 bits, and rounded
    /// once; the rest goes the standard library's way.
    @inline(__always)
    func double(_ number: JSONNumber, longest: Int) -> Double? {
        guard number.digitCount <= 19, number.exponent <= 0, number.exponent > -20 else {
            return doubleByLibrary(number, longest: longest)
        }
        guard number.range.count <= longest else { return nil }
        let magnitude = JSONCursor.quotient(number.digits, tens: -number.exponent)
        return number.isNegative ? -magnitude : magnitude
    }

    @inline(never)
    private func doubleByLibrary(_ number: JSONNumber, longest: Int) -> Double? {
        guard number.range.count <= longest else { return nil }
        let text = UnsafeRawBufferPointer(rebasing: bytes[number.range])
        return Double(String(decoding: text, as: UTF8.self))
    }

    /// The digits over a power of ten of 0 to 19, rounded once.
    @inline(__always)
    static func quotient(_ digits: UInt64, tens: Int) -> Double {
        // Both exact below 2⁵³ and 10²², so that the division rounds once (Clinger 1990).
        if digits <= 1 << 53 { return Double(digits) / doublePowers[tens] }
        // The quotient has at least 63 bits; the remainder only decides ties, as its lowest bit.
        let power = integerPowers[tens]
        let numerator = digits << UInt64(digits.leadingZeroBitCount)
        let denominator = power << UInt64(power.leadingZeroBitCount)
        let (quotient, remainder) = denominator.dividingFullWidth(
            (numerator >> 1, numerator << 63))
        let rounded = Double(remainder == 0 ? quotient : quotient | 1)
        let scale = power.leadingZeroBitCount - digits.leadingZeroBitCount - 63
        return rounded * Double(bitPattern: UInt64(scale + 1023) << 52)
    }

    private static let integerPowers: [UInt64] = (0..<20).map { tens in
        (0..<tens).reduce(1) { power, _ in power * 10 }
    }
    private static let doublePowers: [Double] = (0..<20).map { tens in
        (0..<tens).reduce(1) { power, _ in power * 10 }
    }
}
