/// Runs a program over a text, all threads in step.
struct RegexMachine {
    private let program: RegexProgram
    private let scalars: [UInt32]
    /// The byte offset of each scalar, and of the end.
    private let offsets: [Int]
    private let slotCount: Int
    private var current: [(place: Int, slots: [Int])] = []
    private var upcoming: [(place: Int, slots: [Int])] = []
    /// The step at which a place was last reached, so that it is visited once a step.
    private var visited: [Int]

    init(_ program: RegexProgram, text: String, capturing: Bool) {
        self.program = program
        var scalars: [UInt32] = []
        var offsets: [Int] = []
        var offset = 0
        for scalar in text.unicodeScalars {
            scalars.append(scalar.value)
            offsets.append(offset)
            offset += UTF8.width(scalar)
        }
        offsets.append(offset)
        self.scalars = scalars
        self.offsets = offsets
        slotCount = capturing ? program.groupCount * 2 : 0
        visited = Array(repeating: -1, count: program.instructions.count)
    }

    /// The slots of the first match, empty when nothing is captured; `nil` without one.
    mutating func run() -> [Int]? {
        var matched: [Int]?
        let start = Array(repeating: -1, count: slotCount)
        for position in 0...scalars.count {
            if matched == nil, position == 0 || !program.anchored {
                follow(0, position: position, slots: start, into: \.current)
            }
            if current.isEmpty, matched != nil || program.anchored { break }
            upcoming.removeAll(keepingCapacity: true)
            scan: for thread in current {
                if case .match = program.instructions[thread.place] {
                    matched = thread.slots
                    break scan
                }
                if position < scalars.count, consumes(thread.place, scalars[position]) {
                    follow(
                        thread.place + 1, position: position + 1, slots: thread.slots,
                        into: \.upcoming)
                }
            }
            if slotCount == 0, matched != nil { return matched }
            swap(&current, &upcoming)
        }
        return matched
    }

    private func consumes(_ place: Int, _ scalar: UInt32) -> Bool {
        switch program.instructions[place] {
        case .scalar(let value): return value == scalar
        case .folded(let value):
            return value == scalar || RegexSet.cases(of: scalar).contains(value)
                || RegexSet.cases(of: value).contains(scalar)
        case .set(let index): return program.sets[index].contains(scalar)
        case .any(let withNewline): return withNewline || scalar != 10
        default: return false
        }
    }

    /// Adds every thread that is reached from a place without reading, the preferred one first.
    private mutating func follow(
        _ start: Int, position: Int, slots: [Int],
        into list: WritableKeyPath<RegexMachine, [(place: Int, slots: [Int])]>
    ) {
        var stack: [(place: Int, slots: [Int])] = [(start, slots)]
        while let (place, slots) = stack.popLast() {
            if visited[place] == position { continue }
            visited[place] = position
            switch program.instructions[place] {
            case .jump(let target): stack.append((target, slots))
            case .split(let first, let second):
                stack.append((second, slots))
                stack.append((first, slots))
            case .save(let slot):
                var changed = slots
                if slot < changed.count { changed[slot] = offsets[position] }
                stack.append((place + 1, changed))
            case .assertion(let assertion):
                if holds(assertion, at: position) { stack.append((place + 1, slots)) }
            default: self[keyPath: list].append((place, slots))
            }
        }
    }

    private func holds(_ assertion: RegexNode.Assertion, at position: Int) -> Bool {
        func isWord(_ index: Int) -> Bool {
            scalars.indices.contains(index) && RegexSet.word.contains(scalars[index])
        }
        switch assertion {
        case .textStart: return position == 0
        case .textEnd: return position == scalars.count
        case .lineStart: return position == 0 || scalars[position - 1] == 10
        case .lineEnd: return position == scalars.count || scalars[position] == 10
        case .wordBoundary: return isWord(position - 1) != isWord(position)
        case .notWordBoundary: return isWord(position - 1) == isWord(position)
        }
    }
}
