internal import Geo

/// Turns a traffic map's description into SVG, layer by layer.
struct MapCanvas {
    /// Roads that are drawn alike.
    private enum Tier: Int, CaseIterable {
        case minor
        case tertiary
        case secondary
        case primary
        case motorway

        init(_ roadClass: RoadClass) {
            switch roadClass {
            case .motorway, .trunk, .motorwayLink, .trunkLink: self = .motorway
            case .primary, .primaryLink: self = .primary
            case .secondary, .secondaryLink: self = .secondary
            case .tertiary, .tertiaryLink: self = .tertiary
            case .unclassified, .residential, .livingStreet, .service: self = .minor
            }
        }

        /// The width of the road in metres as drawn, and the least in pixels.
        var width: (meters: Double, pixels: Double) {
            switch self {
            case .minor: (9, 0.7)
            case .tertiary: (14, 1.4)
            case .secondary: (18, 2.0)
            case .primary: (22, 2.6)
            case .motorway: (26, 3.0)
            }
        }

        /// Metres a pixel from which on the tier is left out.
        var coarsest: Double { self == .minor ? 30 : (self == .tertiary ? 90 : .infinity) }
    }

    let map: TrafficMap
    let view: BoundingBox
    private let plane: LocalProjection
    /// Pixels a metre.
    let scale: Double
    let height: Double
    var text = ""
    /// What has words on it already.
    var taken: [Panel] = []

    init(_ map: TrafficMap) {
        self.map = map
        let box = map.view
        plane = LocalProjection(origin: box.center)
        let corner = plane.project(Coordinate(latitude: box.south, longitude: box.west))
        let width = max(10, -2 * corner.x)
        let tall = max(10, -2 * corner.y)
        let wanted = tall / width * TrafficMap.width
        // Title and legend get room of their own above and below the roads.
        let margins = 2 * (MapCanvas.legendHeight(map) + 32)
        let roads = max(520, min(1_400, wanted)).rounded()
        height = roads + margins
        scale = min(TrafficMap.width / width, roads / tall)
        let halfWidth = TrafficMap.width / scale / 2
        let halfHeight = height / scale / 2
        let southWest = plane.unproject(PlanarPoint(x: -halfWidth, y: -halfHeight))
        let northEast = plane.unproject(PlanarPoint(x: halfWidth, y: halfHeight))
        view = BoundingBox(southWest: southWest, northEast: northEast)
    }

    mutating func draw() -> String {
        let size = "\(Int(TrafficMap.width)) \(Int(height))"
        text = "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 \(size)\""
        text += " role=\"img\" font-family=\"Inter,system-ui,'DejaVu Sans',sans-serif\">\n"
        text += "<title>\(MapCanvas.escaped(map.title))</title><style>\(map.theme.css)"
        text += "path{fill:none;stroke-linecap:round;stroke-linejoin:round}</style>\n"
        text += "<rect class=\"g\" width=\"100%\" height=\"100%\"/>\n"
        drawRoads()
        drawHalos()
        drawSpeeds()
        drawBars()
        drawTitle()
        drawLegend()
        drawScale()
        // Signs give way to all other words.
        drawSigns()
        text += "</svg>\n"
        return text
    }

    // MARK: Roads

    private func width(_ tier: Tier) -> Double {
        max(tier.width.pixels, min(14, tier.width.meters * scale))
    }

    private mutating func drawRoads() {
        var paths = [String](repeating: "", count: Tier.allCases.count)
        for segment in 0..<map.graph.segmentCount {
            if let reverse = map.graph.reverse(segment), reverse < segment { continue }
            let tier = Tier(map.graph.roadClass(segment))
            if 1 / scale > tier.coarsest { continue }
            paths[tier.rawValue] += path(segment, shift: 0)
        }
        var size = 0
        var drawn: [Tier] = []
        for tier in Tier.allCases.reversed() {
            size += 2 * paths[tier.rawValue].utf8.count
            if size > TrafficMap.sizeLimit, !drawn.isEmpty { break }
            drawn.append(tier)
        }
        // All casings first, so that crossings look like one surface.
        for tier in drawn.reversed() {
            draw(paths[tier.rawValue], class: "c", width: width(tier) + 1.6)
        }
        for tier in drawn.reversed() {
            let style = tier == .motorway || tier == .primary ? "m" : "r"
            draw(paths[tier.rawValue], class: style, width: width(tier))
        }
    }

    /// A glow below the speeds of a stretch that stands out.
    private mutating func drawHalos() {
        // One path, so that it is nowhere twice as dark.
        var glow = ""
        for stretch in map.stretches {
            for segment in stretch.segments { glow += path(segment, shift: 0) }
        }
        draw(glow, class: "h", width: width(.motorway) + 18)
    }

    /// A barred line over the stretches that traffic has left.
    private mutating func drawBars() {
        var line = ""
        for stretch in map.silences {
            for segment in stretch.segments { line += path(segment, shift: 0) }
        }
        draw(line, class: "x", width: width(.motorway) + 6)
        draw(line, class: "y", width: width(.motorway) + 1)
    }

    private mutating func drawSpeeds() {
        struct Key: Hashable, Comparable {
            var band: Int
            var tier: Int
            static func < (a: Key, b: Key) -> Bool { (a.band, a.tier) < (b.band, b.tier) }
        }
        var paths: [Key: String] = [:]
        let known = map.speeds.compactMap { id, speed in
            map.graph.index(of: id).map { (segment: $0, speed: speed) }
        }.sorted { $0.segment < $1.segment }
        for (segment, speed) in known where speed.isFinite && speed >= 0 {
            let tier = Tier(map.graph.roadClass(segment))
            let band = SpeedBand(ratio: speed / map.graph.freeFlowSpeed(segment))
            // Each direction keeps to the right of a road that has two.
            let shift = map.graph.reverse(segment) == nil ? 0 : width(tier) * 0.27
            paths[Key(band: band.rawValue, tier: tier.rawValue), default: ""] +=
                path(segment, shift: shift)
        }
        // Slow traffic lies on top and is a little wider, for eyes that don't tell red from green.
        for key in paths.keys.sorted() {
            guard let path = paths[key], let tier = Tier(rawValue: key.tier) else { continue }
            let stress = 1 + 0.12 * Double(key.band)
            draw(
                path, class: "s\(key.band)",
                width: max(1.1, width(tier) * 0.44 * stress))
        }
    }

    private mutating func draw(_ path: String, class style: String, width: Double) {
        if path.isEmpty { return }
        text += "<path class=\"\(style)\" stroke-width=\"\(MapCanvas.short(width))\""
        text += " d=\"\(path)\"/>\n"
    }

    /// A segment's line in tenths of pixels, shifted to its right; empty outside the view.
    private func path(_ segment: Int, shift: Double) -> String {
        let line = map.graph.geometry(segment)
        guard line.bounds.intersects(view) else { return "" }
        let points = line.simplified(tolerance: 0.34 / scale).coordinates.map(pixel)
        let shifted = shift == 0 ? points : MapCanvas.shift(points, by: shift)
        var result = ""
        var last = (x: 0, y: 0)
        for (index, point) in shifted.enumerated() {
            let place = (x: Int((point.x * 10).rounded()), y: Int((point.y * 10).rounded()))
            let (x, y) = index == 0 ? place : (place.x - last.x, place.y - last.y)
            if index > 0, x == 0, y == 0, index < shifted.count - 1 { continue }
            result += index == 0 ? "M" : (index == 1 ? "l" : " ")
            result += MapCanvas.tenths(x)
            result += y < 0 ? "" : " "
            result += MapCanvas.tenths(y)
            last = place
        }
        return result
    }

    func pixel(_ coordinate: Coordinate) -> PlanarPoint {
        let point = plane.project(coordinate)
        return PlanarPoint(
            x: TrafficMap.width / 2 + point.x * scale, y: height / 2 - point.y * scale)
    }

    /// A line parallel to another, on its right (pixels grow downwards).
    private static func shift(_ points: [PlanarPoint], by distance: Double) -> [PlanarPoint] {
        points.indices.map { index in
            let before = points[max(0, index - 1)]
            let after = points[min(points.count - 1, index + 1)]
            let dx = after.x - before.x
            let dy = after.y - before.y
            let length = max(1e-9, (dx * dx + dy * dy).squareRoot())
            return PlanarPoint(
                x: points[index].x - dy / length * distance,
                y: points[index].y + dx / length * distance)
        }
    }

    // MARK: Numbers

    /// Tenths as a decimal without needless zeros.
    private static func tenths(_ value: Int) -> String {
        let (whole, rest) = abs(value).quotientAndRemainder(dividingBy: 10)
        let sign = value < 0 ? "-" : ""
        return rest == 0 ? "\(sign)\(whole)" : "\(sign)\(whole == 0 ? "" : "\(whole)").\(rest)"
    }

    private static func short(_ value: Double) -> String { tenths(Int((value * 10).rounded())) }

    static func grouped(_ value: Int) -> String {
        var result = ""
        for (index, digit) in String(value).reversed().enumerated() {
            if index > 0, index % 3 == 0 { result.append(",") }
            result.append(digit)
        }
        return String(result.reversed())
    }

    static func escaped(_ text: String) -> String {
        var result = ""
        for character in text {
            switch character {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            default: result.append(character)
            }
        }
        return result
    }
}
