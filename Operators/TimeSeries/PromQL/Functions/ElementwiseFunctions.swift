internal import Glibc

/// The functions of one number.
enum ElementwiseFunctions {
    static func named(_ name: String) -> ((Double) -> Double)? {
        switch name {
        case "abs": { $0.magnitude }
        case "ceil": { $0.rounded(.up) }
        case "floor": { $0.rounded(.down) }
        case "exp": { Glibc.exp($0) }
        case "sqrt": { $0 < 0 ? StaleMarker.normalNaN : $0.squareRoot() }
        case "ln": { Glibc.log($0) }
        case "log2": { Glibc.log2($0) }
        case "log10": { Glibc.log10($0) }
        case "sgn": { $0 < 0 ? -1 : $0 > 0 ? 1 : $0 }
        case "deg": { $0 * 180 / Double.pi }
        case "rad": { $0 * Double.pi / 180 }
        default: trigonometric(name)
        }
    }

    private static func trigonometric(_ name: String) -> ((Double) -> Double)? {
        switch name {
        case "sin": { Glibc.sin($0) }
        case "cos": { Glibc.cos($0) }
        case "tan": { Glibc.tan($0) }
        case "asin": { Glibc.asin($0) }
        case "acos": { Glibc.acos($0) }
        case "atan": { Glibc.atan($0) }
        case "sinh": { Glibc.sinh($0) }
        case "cosh": { Glibc.cosh($0) }
        case "tanh": { Glibc.tanh($0) }
        case "asinh": { Glibc.asinh($0) }
        case "acosh": { Glibc.acosh($0) }
        case "atanh": { Glibc.atanh($0) }
        default: nil
        }
    }

    /// The lesser one; a NaN wins unless the other is -Inf.
    static func minimum(_ a: Double, _ b: Double) -> Double {
        if a == -.infinity || b == -.infinity { return -.infinity }
        if a.isNaN || b.isNaN { return StaleMarker.normalNaN }
        return Swift.min(a, b)
    }

    /// The greater one; a NaN wins unless the other is +Inf.
    static func maximum(_ a: Double, _ b: Double) -> Double {
        if a == .infinity || b == .infinity { return .infinity }
        if a.isNaN || b.isNaN { return StaleMarker.normalNaN }
        return Swift.max(a, b)
    }
}
