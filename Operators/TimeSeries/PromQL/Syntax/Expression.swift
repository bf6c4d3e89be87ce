/// A PromQL expression as a tree.
public indirect enum Expression: Sendable {
    /// A number, or a duration that stands for its seconds.
    case number(NumberLiteral)
    /// A text between quotes.
    case string(StringLiteral)
    /// `name{label="value"}`.
    case vector(VectorSelector)
    /// `name[5m]`.
    case range(RangeSelector)
    /// `expression[1h:1m]`.
    case subquery(Subquery)
    /// `function(argument, …)`.
    case call(FunctionCall)
    /// `sum by (label) (expression)`.
    case aggregation(Aggregation)
    /// `left + right`.
    case binary(BinaryOperation)
    /// `-expression`.
    case unary(UnaryOperation)
    /// `(expression)`.
    case parenthesized(Parenthesized)

    /// Reads an expression and checks its types.
    ///
    /// - Throws: ``PromQLSyntaxError``, the first fault with its place.
    public init(
        parsing query: String, options: ParserOptions = ParserOptions()
    ) throws(PromQLSyntaxError) {
        var parser = try Parser(query, options: options)
        self = try parser.parse()
    }

    /// The part of the text that the expression was read from.
    public var range: SourceRange {
        switch self {
        case .number(let node): node.range
        case .string(let node): node.range
        case .vector(let node): node.range
        case .range(let node): node.range
        case .subquery(let node): node.range
        case .call(let node): node.range
        case .aggregation(let node): node.range
        case .binary(let node): node.left.leftEnd.range.through(node.right.range)
        case .unary(let node): node.range
        case .parenthesized(let node): node.range
        }
    }

    /// What the expression yields.
    public var type: ValueType {
        switch self {
        case .number: return .scalar
        case .string: return .string
        case .vector, .aggregation: return .vector
        case .range, .subquery: return .matrix
        case .call(let node): return node.function.result
        case .binary:
            var next = self
            while case .binary(let node) = next {
                if node.right.type != .scalar { return .vector }
                next = node.left
            }
            return next.type == .scalar ? .scalar : .vector
        case .unary(let node): return node.expression.type
        case .parenthesized(let node): return node.expression.type
        }
    }

    /// The operations of a chain such as `a + b + c`, the innermost first; none where this is no
    /// operation.
    ///
    /// Chains are as long as their text allows, so that whoever walks the tree takes them in a loop.
    var chain: [BinaryOperation] {
        var operations: [BinaryOperation] = []
        var next = self
        while case .binary(let node) = next {
            operations.append(node)
            next = node.left
        }
        return operations.reversed()
    }

    /// What stands at the left end of a chain, or the expression itself.
    var leftEnd: Expression {
        var next = self
        while case .binary(let node) = next { next = node.left }
        return next
    }

    /// The expression without the parentheses around it.
    var unwrapped: Expression {
        if case .parenthesized(let node) = self { return node.expression.unwrapped }
        return self
    }

    /// The expressions directly below this one, from left to right.
    public var children: [Expression] {
        switch self {
        case .number, .string, .vector: []
        case .range(let node): [.vector(node.selector)]
        case .subquery(let node): [node.expression]
        case .call(let node): node.arguments
        case .aggregation(let node): (node.parameter.map { [$0] } ?? []) + [node.expression]
        case .binary(let node): [node.left, node.right]
        case .unary(let node): [node.expression]
        case .parenthesized(let node): [node.expression]
        }
    }
}
