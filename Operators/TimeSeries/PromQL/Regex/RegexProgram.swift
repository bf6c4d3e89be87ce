/// A pattern as instructions for the machine.
struct RegexProgram: Sendable {
    /// One step of the machine; the numbers are places in the program.
    enum Instruction: Sendable {
        case scalar(UInt32)
        case folded(UInt32)
        case set(Int)
        case any(withNewline: Bool)
        case split(Int, Int)
        case jump(Int)
        case save(Int)
        case assertion(RegexNode.Assertion)
        case match
    }

    private(set) var instructions: [Instruction] = []
    private(set) var sets: [RegexSet] = []
    let groupCount: Int
    let groupNames: [String: Int]
    /// Whether a match must begin with the text.
    let anchored: Bool

    init(
        _ node: RegexNode, parser: RegexParser, anchored: Bool
    ) throws(RegularExpression.Failure) {
        groupCount = parser.groupCount + 1
        groupNames = parser.groupNames
        self.anchored = anchored
        try emit(.save(0))
        try compile(node)
        if anchored { try emit(.assertion(.textEnd)) }
        try emit(.save(1))
        try emit(.match)
    }

    private mutating func emit(_ instruction: Instruction) throws(RegularExpression.Failure) {
        guard instructions.count < RegularExpression.programLimit else {
            throw .init(description: "error parsing regexp: expression too large")
        }
        instructions.append(instruction)
    }

    private mutating func compile(_ node: RegexNode) throws(RegularExpression.Failure) {
        switch node {
        case .empty: break
        case .scalar(let value, let folded): try emit(folded ? .folded(value) : .scalar(value))
        case .set(let set):
            sets.append(set)
            try emit(.set(sets.count - 1))
        case .any(let withNewline): try emit(.any(withNewline: withNewline))
        case .assertion(let assertion): try emit(.assertion(assertion))
        case .sequence(let parts):
            for part in parts { try compile(part) }
        case .choice(let branches): try compile(choice: branches)
        case .group(let inner, let index):
            try emit(.save(index * 2))
            try compile(inner)
            try emit(.save(index * 2 + 1))
        case .repetition(let inner, let minimum, let maximum, let greedy):
            for _ in 0..<minimum { try compile(inner) }
            if let maximum {
                var exits: [Int] = []
                for _ in 0..<max(0, maximum - minimum) {
                    exits.append(instructions.count)
                    try emit(.jump(0))
                    try compile(inner)
                }
                for exit in exits { patch(exit, to: exit + 1, or: instructions.count, greedy) }
            } else {
                let start = instructions.count
                try emit(.jump(0))
                try compile(inner)
                try emit(.jump(start))
                patch(start, to: start + 1, or: instructions.count, greedy)
            }
        }
    }

    private mutating func patch(_ place: Int, to body: Int, or exit: Int, _ greedy: Bool) {
        instructions[place] = greedy ? .split(body, exit) : .split(exit, body)
    }

    private mutating func compile(choice branches: [RegexNode]) throws(RegularExpression.Failure) {
        var jumps: [Int] = []
        for (index, branch) in branches.enumerated() {
            guard index + 1 < branches.count else {
                try compile(branch)
                break
            }
            let split = instructions.count
            try emit(.jump(0))
            try compile(branch)
            jumps.append(instructions.count)
            try emit(.jump(0))
            instructions[split] = .split(split + 1, instructions.count)
        }
        for jump in jumps { instructions[jump] = .jump(instructions.count) }
    }
}
