/// The values of one series at every step of a grid.
struct Column {
    /// The bits of a step without a value: the stale marker, which no selector lets through and no
    /// calculation yields.
    static let absent = StaleMarker.value

    var labels: Labels
    /// Whether the metric's name is to be taken away at the end.
    var dropsName: Bool
    var values: [Double]

    @inline(__always)
    static func isPresent(_ value: Double) -> Bool { value.bitPattern != StaleMarker.bits }

    /// How many steps have a value.
    var presentCount: Int {
        var count = 0
        for value in values where Column.isPresent(value) { count += 1 }
        return count
    }

    var isEmpty: Bool { !values.contains(where: Column.isPresent) }
}

/// What an expression yields at every step of a grid.
enum Evaluated {
    case scalar([Double])
    case string(StringLiteral)
    case vector([Column])
}
