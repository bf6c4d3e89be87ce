/// Reads metrics pages as their bytes arrive.
///
/// Lines may be cut anywhere between two calls; what is kept between them is at most one line.
public struct ExpositionParser {
    /// The page's format.
    public let format: ExpositionFormat
    /// Bounds on what is read.
    public let limits: WireLimits
    private var carry: [UInt8] = []
    private var line = 0
    private var samples = 0
    private var hasEnded = false
    /// The family of the last `# TYPE` line, whose `_created` lines are understood.
    private var family = ""
    private var familyType = MetricType.unknown
    private var names = NameTable()

    /// Starts a page.
    public init(format: ExpositionFormat, limits: WireLimits = WireLimits()) {
        self.format = format
        self.limits = limits
    }

    /// Reads further bytes and reports what their lines say.
    public mutating func read(
        _ bytes: UnsafeRawBufferPointer, _ body: (ExpositionEvent) throws(WireError) -> Void
    ) throws(WireError) {
        var start = 0
        let newline = UInt8(ascii: "\n")
        if !carry.isEmpty {
            guard let end = bytes.firstIndex(of: newline) else {
                carry.append(contentsOf: bytes)
                return try checkCarry()
            }
            carry.append(contentsOf: bytes[..<end])
            let whole = carry
            carry = []
            try whole.withUnsafeBufferPointer { (buffer) throws(WireError) in
                try readLine(UnsafeRawBufferPointer(buffer), body)
            }
            start = end + 1
        }
        while start < bytes.count, let base = bytes.baseAddress {
            let rest = UnsafeRawBufferPointer(start: base + start, count: bytes.count - start)
            guard let length = LineCursor.index(of: newline, in: rest) else { break }
            try readLine(UnsafeRawBufferPointer(start: base + start, count: length), body)
            start += length + 1
        }
        if start < bytes.count {
            carry = Array(bytes[start...])
            try checkCarry()
        }
    }

    private func checkCarry() throws(WireError) {
        guard carry.count <= limits.lineLength else {
            throw .lineTooLong(line: line + 1, limit: limits.lineLength)
        }
    }

    /// Ends the page: reads what is left, and asks for OpenMetrics' end.
    public mutating func finish(
        _ body: (ExpositionEvent) throws(WireError) -> Void
    ) throws(WireError) {
        if !carry.isEmpty {
            let whole = carry
            carry = []
            try whole.withUnsafeBufferPointer { (buffer) throws(WireError) in
                try readLine(UnsafeRawBufferPointer(buffer), body)
            }
        }
        if format == .openMetrics, !hasEnded { throw .missingEnd }
    }

    private mutating func readLine(
        _ bytes: UnsafeRawBufferPointer, _ body: (ExpositionEvent) throws(WireError) -> Void
    ) throws(WireError) {
        line += 1
        guard bytes.count <= limits.lineLength else {
            throw .lineTooLong(line: line, limit: limits.lineLength)
        }
        var cursor = LineCursor(bytes, line: line)
        cursor.skipBlanks()
        if cursor.isAtEnd { return }
        if hasEnded { throw cursor.failure("text behind `# EOF`") }
        if cursor.accept(UInt8(ascii: "#")) {
            return try readComment(&cursor, body)
        }
        samples += 1
        guard samples <= limits.samples else { throw .tooManySamples(limit: limits.samples) }
        let sample = try readSample(&cursor)
        if format == .openMetrics, let created = created(sample) {
            return try body(created)
        }
        try body(.sample(sample))
    }

    private mutating func readComment(
        _ cursor: inout LineCursor, _ body: (ExpositionEvent) throws(WireError) -> Void
    ) throws(WireError) {
        cursor.skipBlanks()
        let keyword = cursor.word()
        switch keyword {
        case "EOF" where format == .openMetrics:
            hasEnded = true
            try body(.end)
        case "HELP":
            cursor.skipBlanks()
            let name = try cursor.familyName()
            cursor.skipBlanks()
            try body(
                .help(family: name, text: cursor.restUnescaped(quotes: format == .openMetrics)))
        case "TYPE":
            cursor.skipBlanks()
            let name = try cursor.familyName()
            cursor.skipBlanks()
            let word = cursor.word()
            let type = word == "untyped" ? .unknown : MetricType(rawValue: word)
            guard let type else { throw cursor.failure("unknown metric type") }
            family = name
            familyType = type
            try body(.type(family: name, type: type))
        case "UNIT":
            cursor.skipBlanks()
            let name = try cursor.familyName()
            cursor.skipBlanks()
            try body(.unit(family: name, unit: cursor.word()))
        default: break
        }
    }

    /// A `_created` line of the family at hand.
    private func created(_ sample: ExpositionSample) -> ExpositionEvent? {
        guard familyType == .counter || familyType == .histogram || familyType == .summary else {
            return nil
        }
        let name = sample.labels.name
        guard name.utf8.count == family.utf8.count + 8, name.hasPrefix(family),
            name.hasSuffix("_created"), let time = LineCursor.milliseconds(sample.value)
        else { return nil }
        return .created(
            labels: sample.labels.setting(Labels.metricName, family), timestamp: time)
    }

    private mutating func readSample(
        _ cursor: inout LineCursor
    ) throws(WireError) -> ExpositionSample {
        var labels: [Label] = []
        let name = cursor.rawName(allowingColon: true)
        if !name.isEmpty { labels.append(Label(Labels.metricName, names.string(name))) }
        cursor.skipBlanks()
        if cursor.accept(UInt8(ascii: "{")) { try readLabels(&cursor, &labels) }
        guard !labels.isEmpty else { throw cursor.failure("expected a metric's name") }
        cursor.skipBlanks()
        let value = try cursor.number()
        var sample = ExpositionSample(labels: try checked(labels, cursor), value: value)
        cursor.skipBlanks()
        if !cursor.isAtEnd, !cursor.isAt(UInt8(ascii: "#")) {
            sample.timestamp = try time(&cursor)
            cursor.skipBlanks()
        }
        if format == .openMetrics, cursor.accept(UInt8(ascii: "#")) {
            sample.exemplar = try readExemplar(&cursor)
            cursor.skipBlanks()
        }
        guard cursor.isAtEnd else { throw cursor.failure("unexpected text behind the sample") }
        return sample
    }

    private func time(_ cursor: inout LineCursor) throws(WireError) -> Int64 {
        let number = try cursor.number()
        let time =
            format == .openMetrics
            ? LineCursor.milliseconds(number) : Int64(exactly: number.rounded(.towardZero))
        // The least integer has no counterpart, so that sums of times could not be trusted.
        guard let time, time != .min else { throw cursor.failure("the time is out of range") }
        return time
    }

    private mutating func readLabels(
        _ cursor: inout LineCursor, _ labels: inout [Label]
    ) throws(WireError) {
        let hasName = !labels.isEmpty
        while true {
            cursor.skipBlanks()
            if cursor.accept(UInt8(ascii: "}")) { return }
            let name: String
            if cursor.isAt(UInt8(ascii: "\"")) {
                name = try cursor.quoted()
                cursor.skipBlanks()
                if !cursor.isAt(UInt8(ascii: "=")) {
                    // A name in quotes stands among the labels.
                    guard !hasName, labels.isEmpty else {
                        throw cursor.failure("a metric's name is given twice")
                    }
                    labels.append(Label(Labels.metricName, name))
                    try separator(&cursor)
                    continue
                }
            } else {
                let raw = cursor.rawName(allowingColon: false)
                guard !raw.isEmpty else { throw cursor.failure("expected a label's name") }
                name = names.string(raw)
                cursor.skipBlanks()
            }
            guard cursor.accept(UInt8(ascii: "=")) else {
                throw cursor.failure("expected `=` behind a label's name")
            }
            cursor.skipBlanks()
            labels.append(Label(name, try cursor.quoted()))
            guard labels.count <= limits.labels else { throw cursor.failure("too many labels") }
            try separator(&cursor)
        }
    }

    private func separator(_ cursor: inout LineCursor) throws(WireError) {
        cursor.skipBlanks()
        guard cursor.accept(UInt8(ascii: ",")) || cursor.isAt(UInt8(ascii: "}")) else {
            throw cursor.failure("expected `,` or `}` behind a label")
        }
    }

    private func checked(_ labels: [Label], _ cursor: LineCursor) throws(WireError) -> Labels {
        let result = Labels(labels)
        let kept = labels.reduce(0) { $0 + ($1.value.isEmpty ? 0 : 1) }
        guard result.count == kept else { throw cursor.failure("a label is given twice") }
        return result
    }

    private mutating func readExemplar(_ cursor: inout LineCursor) throws(WireError) -> Exemplar {
        cursor.skipBlanks()
        guard cursor.accept(UInt8(ascii: "{")) else {
            throw cursor.failure("expected an exemplar's labels")
        }
        var labels: [Label] = []
        try readLabels(&cursor, &labels)
        cursor.skipBlanks()
        var exemplar = Exemplar(labels: try checked(labels, cursor), value: try cursor.number())
        cursor.skipBlanks()
        if !cursor.isAtEnd {
            guard let time = LineCursor.milliseconds(try cursor.number()) else {
                throw cursor.failure("the time is out of range")
            }
            exemplar.timestamp = time
        }
        return exemplar
    }
}
