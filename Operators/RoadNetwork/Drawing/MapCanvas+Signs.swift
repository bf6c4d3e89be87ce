internal import Geo

/// Signs and their words: each stands beside the road that it tells of, so that the road can be seen.
extension MapCanvas {
    enum Kind {
        case jam
        case closed
    }

    /// A sign with its words.
    private struct Sign {
        var kind: Kind
        var place: Coordinate
        var label: String
        /// The directed segments that it tells of.
        var segments: [Int] = []
    }

    /// A sign that has found its place.
    private struct Stood {
        var sign: Sign
        /// Where it is about.
        var point: PlanarPoint
        /// Points along its segments.
        var line: [PlanarPoint]
        var room: Panel
    }

    /// Signs of stretches and others, each with its words where there is room.
    mutating func drawSigns() {
        let signs =
            map.silences.map {
                Sign(kind: .closed, place: $0.place, label: $0.label, segments: $0.segments)
            }
            + map.stretches.map {
                Sign(kind: .jam, place: $0.place, label: $0.label, segments: $0.segments)
            } + map.markers.map { Sign(kind: .jam, place: $0.place, label: $0.label) }
        var stood: [Stood] = []
        for sign in signs where view.contains(sign.place) {
            let point = pixel(sign.place)
            let own = MapCanvas.room(around: point)
            // The first of signs upon each other stands for all: a jam in both directions, for one.
            if stood.contains(where: { MapCanvas.room(around: $0.point).overlaps(own) }) {
                continue
            }
            let line = sign.segments.flatMap(points)
            let room = place(own, beside: line, stood.map(\.room))
            stood.append(Stood(sign: sign, point: point, line: line, room: room))
        }
        // No words on another's sign.
        taken += stood.map(\.room)
        for one in stood { draw(one) }
    }

    private static func room(around point: PlanarPoint) -> Panel {
        Panel(
            left: point.x - Style.sign, top: point.y - Style.sign, width: 2 * Style.sign,
            height: 2 * Style.sign)
    }

    /// Points along a segment, a few pixels from each other.
    private func points(_ segment: Int) -> [PlanarPoint] {
        let length = map.graph.length(segment)
        let count = max(1, min(400, Int(length * scale / 6)))
        return (0...count).map {
            pixel(map.graph.coordinate(on: segment, offset: length * Double($0) / Double(count)))
        }
    }

    /// Where a sign stands: beside its place, where it hides least of what it tells of and nothing else; upon its
    /// place where there is no line, or no room.
    private func place(_ own: Panel, beside line: [PlanarPoint], _ others: [Panel]) -> Panel {
        if line.isEmpty { return own }
        let away = Style.sign + 20
        let slant = away * 0.75
        let choices = [
            (away, 0), (-away, 0), (0, -away), (0, away), (slant, -slant), (-slant, -slant),
            (slant, slant), (-slant, slant),
        ].map { x, y in
            Panel(left: own.left + x, top: own.top + y, width: own.width, height: own.height)
        }
        let free = choices.filter { choice in
            isInside(choice) && !(taken + others).contains { $0.overlaps(choice) }
        }
        return free.min { $0.count(of: line) < $1.count(of: line) } ?? own
    }

    private func isInside(_ panel: Panel) -> Bool {
        panel.left >= 0 && panel.left + panel.width <= TrafficMap.width && panel.top >= 0
            && panel.top + panel.height <= height
    }

    private mutating func draw(_ stood: Stood) {
        let (x, y) = (stood.room.left + Style.sign, stood.room.top + Style.sign)
        if (x, y) != (stood.point.x, stood.point.y) {
            text += "<path class=\"b\" d=\"M\(Int(stood.point.x)) \(Int(stood.point.y))"
            text += "L\(Int(x)) \(Int(y))\"/>"
        }
        drawSign(stood.sign.kind, x: x, y: y)
        let wide = MapCanvas.width(stood.sign.label, size: Style.words) + 28
        let tall = 52.0
        let middle = max(Style.edge, min(TrafficMap.width - Style.edge - wide, x - wide / 2))
        let away = Style.sign + 10
        // Beside the sign, above or below it, and then beside and above or below.
        let (right, left) = (x + away, x - away - wide)
        let (above, below) = (y - Style.sign - tall, y + Style.sign)
        let choices = [
            (right, y - tall / 2), (left, y - tall / 2), (middle, above - 10),
            (middle, below + 10), (right, above), (right, below), (left, above), (left, below),
        ].map { Panel(left: $0.0, top: $0.1, width: wide, height: tall) }
        let fitting = choices.filter { choice in
            isInside(choice) && !taken.contains { $0.overlaps(choice) }
        }.min { $0.count(of: stood.line) < $1.count(of: stood.line) }
        // A sign without words is better than words upon words.
        guard let panel = fitting else { return }
        draw(panel)
        write(stood.sign.label, x: panel.left + 14, y: panel.top + 37, size: Style.words)
        text += "\n"
    }

    /// A triangle that warns or the sign of a closed road: told apart by their shapes, whatever colours are seen.
    mutating func drawSign(_ kind: Kind, x: Double, y: Double) {
        switch kind {
        case .jam:
            text += "<path class=\"i\" d=\"M\(Int(x)) \(Int(y - 27))l29 50h-58z\"/>"
            write("!", x: x, y: y + 17, size: 36, class: "j", bold: true, anchor: "middle")
        case .closed:
            text +=
                "<circle class=\"e\" cx=\"\(Int(x))\" cy=\"\(Int(y))\" r=\"\(Int(Style.sign))\"/>"
            text += "<rect class=\"w\" x=\"\(Int(x - 14))\" y=\"\(Int(y - 4))\""
            text += " width=\"28\" height=\"8\"/>"
        }
    }
}

extension MapCanvas.Panel {
    /// How many of some points lie behind the panel.
    func count(of points: [PlanarPoint]) -> Int {
        points.count {
            $0.x > left && $0.x < left + width && $0.y > top && $0.y < top + height
        }
    }
}
