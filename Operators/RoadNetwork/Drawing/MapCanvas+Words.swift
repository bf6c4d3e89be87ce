internal import Geo

/// Title, legend and scale.
extension MapCanvas {
    /// A rectangle behind words, in pixels.
    struct Panel {
        var left: Double
        var top: Double
        var width: Double
        var height: Double

        func overlaps(_ other: Panel) -> Bool {
            left < other.left + other.width && other.left < left + width
                && top < other.top + other.height && other.top < top + height
        }
    }

    enum Style {
        static let title = 44.0
        /// On a phone, where the picture is a third as wide, still nine pixels.
        static let words = 30.0
        static let small = 22.0
        static let edge = 24.0
        static let sign = 26.0
    }

    /// The width of words as the widest of the fonts has them.
    static func width(_ words: String, size: Double, bold: Bool = false) -> Double {
        Double(words.count) * size * (bold ? 0.66 : 0.54)
    }

    mutating func draw(_ panel: Panel) {
        taken.append(panel)
        text += "<rect class=\"p\" x=\"\(Int(panel.left))\" y=\"\(Int(panel.top))\""
        text += " width=\"\(Int(panel.width))\" height=\"\(Int(panel.height))\" rx=\"12\"/>"
    }

    mutating func write(
        _ words: String, x: Double, y: Double, size: Double, class style: String = "t",
        bold: Bool = false, anchor: String? = nil
    ) {
        text += "<text class=\"\(style)\" x=\"\(Int(x))\" y=\"\(Int(y))\""
        text += " font-size=\"\(Int(size))\"\(bold ? " font-weight=\"700\"" : "")"
        if let anchor { text += " text-anchor=\"\(anchor)\"" }
        text += ">\(MapCanvas.escaped(words))</text>"
    }

    mutating func drawTitle() {
        let count = MapCanvas.grouped(map.speeds.count)
        let subtitle = map.subtitle ?? "\(count) directed road segments with a live speed"
        let letters = max(
            MapCanvas.width(map.title, size: Style.title, bold: true),
            MapCanvas.width(subtitle, size: Style.words))
        draw(
            Panel(
                left: Style.edge, top: Style.edge,
                width: min(TrafficMap.width - 2 * Style.edge, letters + 60), height: 124))
        write(map.title, x: 46, y: 78, size: Style.title, bold: true)
        write(subtitle, x: 46, y: 126, size: Style.words, class: "f")
        text += "\n"
    }

    /// The legend's height in pixels; each kind of sign takes a line of it.
    static func legendHeight(_ map: TrafficMap) -> Double {
        134 + (map.stretches.isEmpty ? 0 : 56) + (map.silences.isEmpty ? 0 : 56)
    }

    mutating func drawLegend() {
        let tall = MapCanvas.legendHeight(map)
        let top = height - Style.edge - tall
        draw(Panel(left: Style.edge, top: top, width: 692, height: tall))
        write("Speed, as a share of free flow", x: 46, y: top + 43, size: Style.words)
        // Slow on the left, as on a dial.
        for (index, band) in SpeedBand.allCases.reversed().enumerated() {
            let x = 46 + 108 * Double(index)
            text += "<rect class=\"k\(band.rawValue)\" x=\"\(Int(x))\" y=\"\(Int(top + 60))\""
            text += " width=\"108\" height=\"18\"/>"
            if index > 0 {
                write(
                    "\(Int(band.lowerBound * 100)) %", x: x, y: top + 113, size: 28, class: "f",
                    anchor: "middle")
            }
        }
        var line = top + 158
        if !map.stretches.isEmpty {
            drawSign(.jam, x: 66, y: line)
            write("Jam: far slower than elsewhere", x: 104, y: line + 10, size: Style.words)
            line += 56
        }
        if !map.silences.isEmpty {
            drawSign(.closed, x: 66, y: line)
            write("Closed? Traffic has left the road", x: 104, y: line + 10, size: Style.words)
        }
        text += "\n"
    }

    mutating func drawScale() {
        let (meters, label) = MapCanvas.bar(longest: 240 / scale)
        let right = TrafficMap.width - 46
        let left = right - meters * scale
        let y = height - 64
        let wide = max(right - left, MapCanvas.width(label, size: 28)) + 44
        draw(
            Panel(
                left: TrafficMap.width - Style.edge - wide, top: y - 60, width: wide, height: 78))
        text += "<path class=\"b\" d=\"M\(Int(left)) \(Int(y - 6))v10h\(Int(right - left))v-10\"/>"
        write(label, x: (left + right) / 2, y: y - 18, size: 28, anchor: "middle")
        if let attribution = map.attribution {
            write(
                attribution, x: TrafficMap.width - Style.edge, y: height - 15, size: Style.small,
                class: "f", anchor: "end")
        }
        text += "\n"
    }

    /// The longest round number of metres within a length.
    private static func bar(longest: Double) -> (meters: Double, label: String) {
        var magnitude = 1.0
        while magnitude * 10 <= longest { magnitude *= 10 }
        let meters = [5.0, 2, 1].map { $0 * magnitude }.first { $0 <= longest } ?? magnitude
        return (meters, meters >= 1_000 ? "\(Int(meters / 1_000)) km" : "\(Int(meters)) m")
    }
}
