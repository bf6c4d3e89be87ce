/// The identity of a series: labels sorted by the bytes of their names, with a hash that is the same
/// on every machine and in every process.
///
/// A value is one reference and eight bytes, so copies are cheap; equal sets made by the same
/// ``LabelInterner`` share their storage.
public struct Labels: Hashable, Sendable {
    /// The label that bears the metric's name.
    public static let metricName = "__name__"
    /// The label that bears a histogram bucket's upper bound.
    public static let bucketBound = "le"
    /// No labels.
    public static let empty = Labels()

    @usableFromInline let storage: [Label]
    /// XXH64 over the labels in order, each string behind its length; the form that Prometheus
    /// hashes, so that `limit_ratio` draws the same series.
    public let stableHash: UInt64

    /// Makes the empty set.
    public init() {
        storage = []
        stableHash = XXHash64.emptyHash
    }

    /// Makes a set from labels in any order; of several with one name the last one counts, and
    /// labels with an empty value are left out.
    public init(_ labels: some Sequence<Label>) {
        var sorted = Array(labels)
        if sorted.contains(where: \.value.isEmpty) { sorted.removeAll(where: \.value.isEmpty) }
        if sorted.count > 1 {
            sorted = Labels.sortedUnique(sorted)
        }
        self.init(sorted: sorted)
    }

    /// Makes a set from pairs; see ``init(_:)-(Sequence)``.
    public init(_ pairs: KeyValuePairs<String, String>) {
        self.init(pairs.map { Label($0.key, $0.value) })
    }

    /// Takes labels that are sorted, unique and not empty.
    init(sorted: [Label]) {
        storage = sorted
        stableHash = Labels.hash(sorted)
    }

    init(storage: [Label], hash: UInt64) {
        self.storage = storage
        stableHash = hash
    }

    private static func sortedUnique(_ labels: [Label]) -> [Label] {
        var sorted = true
        for index in 1..<labels.count where !precedes(labels[index - 1].name, labels[index].name) {
            sorted = false
            break
        }
        if sorted { return labels }
        let ordered = labels.enumerated().sorted {
            $0.element.name == $1.element.name
                ? $0.offset < $1.offset : precedes($0.element.name, $1.element.name)
        }
        var result: [Label] = []
        result.reserveCapacity(ordered.count)
        for (_, label) in ordered {
            if result.last?.name == label.name { result.removeLast() }
            result.append(label)
        }
        return result
    }

    /// Whether `a` stands before `b` by its UTF-8 bytes.
    @inlinable
    static func precedes(_ a: String, _ b: String) -> Bool {
        // Swift compares strings by normalised scalars, which for ASCII is the order of the bytes.
        a.utf8.lexicographicallyPrecedes(b.utf8)
    }

    private static func hash(_ labels: [Label]) -> UInt64 {
        if labels.isEmpty { return XXHash64.emptyHash }
        // A length takes one byte, or four from 255 on.
        let room = labels.reduce(0) { $0 + $1.name.utf8.count + $1.value.utf8.count + 8 }
        return withUnsafeTemporaryAllocation(byteCount: room, alignment: 1) { buffer in
            var end = 0
            func append(_ string: String) {
                let count = string.utf8.count
                if count < 255 {
                    buffer[end] = UInt8(truncatingIfNeeded: count)
                    end += 1
                } else {
                    buffer[end] = 255
                    buffer[end + 1] = UInt8(truncatingIfNeeded: count)
                    buffer[end + 2] = UInt8(truncatingIfNeeded: count >> 8)
                    buffer[end + 3] = UInt8(truncatingIfNeeded: count >> 16)
                    end += 4
                }
                for byte in string.utf8 {
                    buffer[end] = byte
                    end += 1
                }
            }
            for label in labels {
                append(label.name)
                append(label.value)
            }
            return XXHash64.hash(UnsafeRawBufferPointer(rebasing: buffer[..<end]))
        }
    }

    /// The value under a name, or an empty string.
    public subscript(name: String) -> String {
        for label in storage where label.name == name { return label.value }
        return ""
    }

    /// The metric's name, or an empty string.
    public var name: String { self[Labels.metricName] }

    @inlinable
    public static func == (a: Labels, b: Labels) -> Bool {
        a.stableHash == b.stableHash && a.storage == b.storage
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(stableHash)
    }
}

extension Labels: RandomAccessCollection {
    @inlinable
    public var startIndex: Int { 0 }
    @inlinable
    public var endIndex: Int { storage.count }
    @inlinable
    public subscript(position: Int) -> Label { storage[position] }
}

extension Labels: Comparable {
    /// The order of Prometheus: label by label, name before value, a prefix before what it begins.
    public static func < (a: Labels, b: Labels) -> Bool {
        for (x, y) in zip(a.storage, b.storage) {
            if x.name != y.name { return precedes(x.name, y.name) }
            if x.value != y.value { return precedes(x.value, y.value) }
        }
        return a.count < b.count
    }
}

extension Labels {
    /// The set with one label set, or removed when `value` is empty.
    public func setting(_ name: String, _ value: String) -> Labels {
        var labels = storage
        if let index = labels.firstIndex(where: { $0.name == name }) {
            if labels[index].value == value { return self }
            if value.isEmpty {
                labels.remove(at: index)
            } else {
                labels[index] = Label(name, value)
            }
        } else if value.isEmpty {
            return self
        } else {
            let index =
                labels.firstIndex { Labels.precedes(name, $0.name) } ?? labels.endIndex
            labels.insert(Label(name, value), at: index)
        }
        return Labels(sorted: labels)
    }

    /// The set with only the labels named.
    public func keeping(_ names: [String]) -> Labels {
        Labels(sorted: storage.filter { names.contains($0.name) })
    }

    /// The set without the labels named.
    public func dropping(_ names: [String]) -> Labels {
        guard storage.contains(where: { names.contains($0.name) }) else { return self }
        return Labels(sorted: storage.filter { !names.contains($0.name) })
    }

    /// The set without `__name__`, `__type__` and `__unit__`: what a calculation takes away.
    public var droppingMetadata: Labels {
        dropping([Labels.metricName, "__type__", "__unit__"])
    }
}

extension Labels: CustomStringConvertible {
    /// `{a="b", c="d"}` with the name in front where there is one, as Prometheus prints it.
    public var description: String {
        let name = self.name
        let rest = storage.filter { $0.name != Labels.metricName }
        if name.isEmpty && rest.isEmpty { return "{}" }
        let plainName = name.isEmpty || PromQLText.isLegacyMetricName(name)
        var parts = plainName ? [] : [PromQLText.quoted(name)]
        parts += rest.map { label in
            let key =
                PromQLText.isLegacyLabelName(label.name)
                ? label.name : PromQLText.quoted(label.name)
            return "\(key)=\(PromQLText.quoted(label.value))"
        }
        let head = plainName ? name : ""
        return parts.isEmpty ? head : "\(head){\(parts.joined(separator: ", "))}"
    }
}
