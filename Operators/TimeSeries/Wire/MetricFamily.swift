/// A metric with all of its samples, as a page groups them.
public struct MetricFamily: Hashable, Sendable {
    /// Name, type, help and unit.
    public var metadata: MetricMetadata
    /// The samples, in the order of the page.
    public var samples: [ExpositionSample]
    /// When series began, in milliseconds; the labels bear the family's name.
    public var created: [Labels: Int64]

    /// Makes a family.
    public init(
        metadata: MetricMetadata, samples: [ExpositionSample] = [],
        created: [Labels: Int64] = [:]
    ) {
        self.metadata = metadata
        self.samples = samples
        self.created = created
    }

    /// Reads a whole page.
    public static func families(
        of page: [UInt8], format: ExpositionFormat, limits: WireLimits = WireLimits()
    ) throws(WireError) -> [MetricFamily] {
        var parser = ExpositionParser(format: format, limits: limits)
        var collector = FamilyCollector()
        try page.withUnsafeBufferPointer { (bytes) throws(WireError) in
            try parser.read(UnsafeRawBufferPointer(bytes)) { collector.take($0) }
        }
        try parser.finish { collector.take($0) }
        return collector.families
    }

    /// Whether a sample of this name belongs to the family.
    func holds(_ name: String) -> Bool {
        let family = metadata.family
        if name == family { return true }
        guard name.hasPrefix(family) else { return false }
        switch name.utf8.dropFirst(family.utf8.count).count {
        case 0: return true
        default: break
        }
        let suffix = String(name.dropFirst(family.count))
        switch metadata.type {
        case .counter: return suffix == "_total"
        case .histogram: return ["_bucket", "_sum", "_count"].contains(suffix)
        case .gaugeHistogram: return ["_bucket", "_gsum", "_gcount"].contains(suffix)
        case .summary: return ["_sum", "_count"].contains(suffix)
        case .info: return suffix == "_info"
        default: return false
        }
    }
}

/// Groups the lines of a page.
private struct FamilyCollector {
    private(set) var families: [MetricFamily] = []

    mutating func take(_ event: ExpositionEvent) {
        switch event {
        case .help(let family, let text): describe(family) { $0.help = text }
        case .type(let family, let type): describe(family) { $0.type = type }
        case .unit(let family, let unit): describe(family) { $0.unit = unit }
        case .created(let labels, let time):
            guard let last = families.indices.last else { return }
            families[last].created[labels] = time
        case .sample(let sample):
            let name = sample.labels.name
            if families.last?.holds(name) != true {
                families.append(MetricFamily(metadata: MetricMetadata(family: name)))
            }
            families[families.count - 1].samples.append(sample)
        case .end: break
        }
    }

    private mutating func describe(_ name: String, _ change: (inout MetricMetadata) -> Void) {
        if families.last?.metadata.family != name || families.last?.samples.isEmpty == false {
            families.append(MetricFamily(metadata: MetricMetadata(family: name)))
        }
        change(&families[families.count - 1].metadata)
    }
}
