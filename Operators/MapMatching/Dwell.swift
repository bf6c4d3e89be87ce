internal import Foundation
internal import Geo
internal import Records

/// Where a user stays and since when, judged by net displacement against the noise of its own positions.
///
/// Means over windows are compared, not single positions: the noise of a street canyon averages out, while who
/// creeps along in a jam gets somewhere in the end. A window (``MatcherSettings/standingWindow``) whose mean is
/// farther from that of the windows before it than chance allows begins a new stay; so do two positions in a row
/// that are farther off than noise explains. Noise is estimated from the differences of successive positions
/// (von Neumann's estimate of a variance, 1941), which a slow drift hardly moves. Positions must come in their
/// order.
struct Dwell: Hashable, Sendable {
    /// What a position says.
    enum Verdict {
        /// The user is where it was.
        case stays
        /// It may have left; the next position tells.
        case outside
        /// It has left, with the position before this one already.
        case moved
    }

    /// A sum of places in metres from the origin.
    struct Sum: Hashable, Sendable {
        var x: Float = 0
        var y: Float = 0
        var count: Int32 = 0

        mutating func add(_ x: Float, _ y: Float) {
            self.x += x
            self.y += y
            count += 1
        }

        mutating func merge(_ other: Sum) {
            x += other.x
            y += other.y
            count += other.count
        }

        func distance(to other: Sum) -> Float {
            let (a, b) = (Float(max(1, count)), Float(max(1, other.count)))
            return hypot(x / a - other.x / b, y / a - other.y / b)
        }

        /// The standard deviation of the difference of two means, as a share of that of a position.
        func spread(_ other: Sum) -> Float {
            (1 / Float(max(1, count)) + 1 / Float(max(1, other.count))).squareRoot()
        }
    }

    /// Where a parked vehicle was placed; a segment below 0 is none.
    struct Place: Hashable, Sendable {
        var segment: Int32
        var offset: Double
    }

    /// The longest memory of the estimate of noise, in positions.
    private static let noiseMemory: UInt8 = 12
    /// The fewest positions of one who surely stands.
    private static let fewestStanding: Int32 = 4
    /// The most noise of one who surely stands, in the standard deviations that the matcher reckons with.
    private static let mostStraying: Float = 2.5

    private var latitude: Double
    private var longitude: Double
    /// Since when nothing has moved.
    private(set) var since: Int64
    private var last: Int64
    private var lastX: Float = 0
    private var lastY: Float = 0
    /// The closed windows of this stay, and the one that is open.
    private var reference = Sum()
    private var window = Sum()
    private var windowStart: Int64
    /// The variance of a position per axis, and of how many differences it is made.
    private var variance: Float = 0
    private var differences: UInt8 = 0
    /// When and where the last position lay outside, if it did.
    private var outside: Outside?
    /// Where the user has parked; nil while it hasn't.
    var parked: Place?

    private struct Outside: Hashable, Sendable {
        var time: Int64
        var x: Float
        var y: Float
    }

    /// Begins with a position.
    init(_ first: Lattice.Pending) {
        latitude = first.latitude
        longitude = first.longitude
        since = first.time
        last = first.time
        windowStart = first.time
        window.add(0, 0)
    }

    /// For how long nothing has moved, in milliseconds.
    var duration: Int64 { last - since }

    private var scale: (x: Double, y: Double) {
        (metersPerDegree * cos(latitude * .pi / 180), metersPerDegree)
    }

    /// All positions of this stay.
    private var all: Sum {
        var all = reference
        all.merge(window)
        return all
    }

    /// The mean of the positions of this stay.
    var centre: Coordinate {
        let (all, scale) = (all, scale)
        let count = Double(max(1, all.count))
        return Coordinate(
            latitude: latitude + Double(all.y) / count / scale.y,
            longitude: Longitude.wrapped(longitude + Double(all.x) / count / scale.x))
    }

    /// Whether the user surely stands: it has stayed for long enough, and its positions stray no farther from one to
    /// the next than noise explains.
    ///
    /// - Parameter sigma: the standard deviation of the user's positions.
    func stands(sigma: Float, _ settings: MatcherSettings) -> Bool {
        parked == nil && outside == nil && duration >= settings.standingAfter
            && all.count >= Dwell.fewestStanding
            && variance.squareRoot() <= Dwell.mostStraying * sigma
    }

    private func noise(_ settings: MatcherSettings) -> Float {
        min(Float(settings.noiseLimit), max(Float(settings.sigma), variance.squareRoot()))
    }

    private func place(_ position: Lattice.Pending) -> (x: Float, y: Float) {
        let scale = scale
        return (
            Float(Longitude.wrapped(position.longitude - longitude) * scale.x),
            Float((position.latitude - latitude) * scale.y)
        )
    }

    /// Takes the next position; one of the past says nothing.
    mutating func note(_ position: Lattice.Pending, _ settings: MatcherSettings) -> Verdict {
        guard position.time > last else { return .stays }
        let (x, y) = place(position)
        let (dx, dy) = (x - lastX, y - lastY)
        let limit = Float(settings.noiseLimit * settings.noiseLimit)
        differences = min(differences, Dwell.noiseMemory - 1) + 1
        variance += (min(limit, (dx * dx + dy * dy) / 4) - variance) / Float(differences)
        (last, lastX, lastY) = (position.time, x, y)
        let (noise, all) = (noise(settings), all)
        let here = Sum(x: x, y: y, count: 1)
        let reach = max(
            Float(settings.standingRadius),
            Float(settings.outsideDeviations) * noise * here.spread(all))
        if here.distance(to: all) > reach {
            guard let first = outside else {
                outside = Outside(time: position.time, x: x, y: y)
                return .outside
            }
            restart(at: first.time, Sum(x: first.x, y: first.y, count: 1))
            // The origin has moved.
            window.add(lastX, lastY)
            return .moved
        }
        outside = nil
        window.add(x, y)
        return close(at: position.time, noise, settings) ? .moved : .stays
    }

    /// Ends the window when it is over.
    ///
    /// - Returns: whether its mean has left that of the windows before it.
    private mutating func close(
        at time: Int64, _ noise: Float, _ settings: MatcherSettings
    ) -> Bool {
        guard time - windowStart >= settings.standingWindow else { return false }
        let reach = max(
            Float(settings.standingDistance),
            Float(settings.standingDeviations) * noise * window.spread(reference))
        // A parked vehicle leaves by two positions outside; the odd mean doesn't wake it.
        if parked == nil, reference.count > 0, window.distance(to: reference) > reach {
            restart(at: windowStart, window)
            return true
        }
        reference.merge(window)
        window = Sum()
        windowStart = time
        return false
    }

    /// Begins a new stay; what is known of the noise stays.
    private mutating func restart(at time: Int64, _ positions: Sum) {
        // The new origin is near the new places, so that metres stay exact.
        let scale = scale
        let count = Float(max(1, positions.count))
        let (x, y) = (positions.x / count, positions.y / count)
        latitude = max(-90, min(90, latitude + Double(y) / scale.y))
        if scale.x > 1 { longitude = Longitude.wrapped(longitude + Double(x) / scale.x) }
        lastX -= x
        lastY -= y
        since = time
        windowStart = time
        reference = Sum()
        window = Sum(x: 0, y: 0, count: positions.count)
        outside = nil
        parked = nil
    }
}

extension Dwell: BinaryCodable {
    init(from reader: inout ByteReader) throws(CodecError) {
        latitude = try reader.double()
        longitude = try reader.double()
        since = try reader.integer()
        last = since &+ (try reader.zigzag())
        windowStart = since &+ (try reader.zigzag())
        guard latitude.magnitude <= 90, longitude.magnitude <= 1_000,
            since.magnitude <= Lattice.timeLimit, last.magnitude <= Lattice.timeLimit,
            windowStart.magnitude <= Lattice.timeLimit
        else { throw .malformed("a stay out of range") }
        lastX = try Dwell.metres(&reader)
        lastY = try Dwell.metres(&reader)
        reference = try Dwell.sum(&reader)
        window = try Dwell.sum(&reader)
        variance = try Dwell.metres(&reader)
        differences = try reader.integer()
        guard variance >= 0, differences <= Dwell.noiseMemory else {
            throw .malformed("a noise that is none")
        }
        if try Bool(from: &reader) {
            let time = try reader.integer(Int64.self)
            // A stay may begin anew at this time.
            guard time.magnitude <= Lattice.timeLimit else {
                throw .malformed("a stay out of range")
            }
            outside = Outside(
                time: time, x: try Dwell.metres(&reader), y: try Dwell.metres(&reader))
        }
        if try Bool(from: &reader) {
            parked = Place(segment: try reader.integer(), offset: try reader.double())
        }
    }

    private static func metres(_ reader: inout ByteReader) throws(CodecError) -> Float {
        let value = Float(bitPattern: try reader.integer(UInt32.self))
        guard value.isFinite else { throw .malformed("a stay out of range") }
        return value
    }

    private static func sum(_ reader: inout ByteReader) throws(CodecError) -> Sum {
        let count = try reader.varint()
        guard count <= UInt64(Int32.max / 2) else { throw .malformed("a stay without end") }
        guard count > 0 else { return Sum() }
        return Sum(x: try metres(&reader), y: try metres(&reader), count: Int32(count))
    }

    func encode(into writer: inout ByteWriter) {
        writer.double(latitude)
        writer.double(longitude)
        writer.integer(since)
        writer.zigzag(last - since)
        writer.zigzag(windowStart - since)
        writer.integer(lastX.bitPattern)
        writer.integer(lastY.bitPattern)
        for sum in [reference, window] {
            writer.varint(UInt64(max(0, sum.count)))
            guard sum.count > 0 else { continue }
            writer.integer(sum.x.bitPattern)
            writer.integer(sum.y.bitPattern)
        }
        writer.integer(variance.bitPattern)
        writer.integer(differences)
        (outside != nil).encode(into: &writer)
        if let outside {
            writer.integer(outside.time)
            writer.integer(outside.x.bitPattern)
            writer.integer(outside.y.bitPattern)
        }
        (parked != nil).encode(into: &writer)
        if let parked {
            writer.integer(parked.segment)
            writer.double(parked.offset)
        }
    }
}
