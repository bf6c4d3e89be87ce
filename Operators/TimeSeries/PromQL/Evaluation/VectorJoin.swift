/// Joins two vectors by their labels for an arithmetic or comparison operator.
struct VectorJoin {
    let evaluator: Evaluator
    let node: BinaryOperation
    let matching: VectorMatching

    /// The series of one signature.
    private struct Group {
        var many: [Int] = []
        var one: [Int] = []
    }

    /// The results, a column for every pair of series that match at some step.
    func join(_ left: [Column], _ right: [Column]) throws(QueryError) -> [Column] {
        let isSwapped = matching.cardinality == .oneToMany
        let many = isSwapped ? right : left
        let one = isSwapped ? left : right
        let signatures = Signatures(matching)
        var order: [Labels] = []
        var groups: [Labels: Group] = [:]
        for (index, column) in one.enumerated() {
            let key = signatures.key(column.labels)
            if groups[key] == nil { order.append(key) }
            groups[key, default: Group()].one.append(index)
        }
        for (index, column) in many.enumerated() {
            groups[signatures.key(column.labels)]?.many.append(index)
        }
        var result: [Column] = []
        for key in order {
            guard let group = groups[key] else { continue }
            try evaluator.context.checkpoint()
            if group.one.count > 1 { try checkOneSide(group, one, many, key) }
            result += try pairs(group, many, one, isSwapped: isSwapped)
        }
        return try evaluator.unique(result)
    }

    /// Two series on the side that may have one, at a step at which both sides have any.
    private func checkOneSide(
        _ group: Group, _ one: [Column], _ many: [Column], _ key: Labels
    ) throws(QueryError) {
        var holder = [Int](repeating: -1, count: evaluator.grid.count)
        for index in group.one {
            for (step, value) in one[index].values.enumerated() where Column.isPresent(value) {
                if holder[step] >= 0, many.contains(where: { Column.isPresent($0.values[step]) }) {
                    let side = matching.cardinality == .oneToMany ? "left" : "right"
                    throw .execution(
                        "found duplicate series for the match group \(shown(key)) on the \(side) "
                            + "hand-side of the operation: [\(shown(one[index].labels)), "
                            + "\(shown(one[holder[step]].labels))];many-to-many matching not "
                            + "allowed: matching labels must be unique on one side")
                }
                holder[step] = index
            }
        }
    }

    /// Labels with the name among them, as this one error shows them.
    private func shown(_ labels: Labels) -> String {
        let parts = labels.map { label in
            let name =
                PromQLText.isLegacyLabelName(label.name)
                ? label.name : PromQLText.quoted(label.name)
            return "\(name)=\(PromQLText.quoted(label.value))"
        }
        return "{\(parts.joined(separator: ", "))}"
    }

    private func pairs(
        _ group: Group, _ many: [Column], _ one: [Column], isSwapped: Bool
    ) throws(QueryError) -> [Column] {
        var result: [Column] = []
        // Which steps a signature, or a result's labels in it, have filled already.
        var filled: [Labels: [Bool]] = [:]
        let mayCollide = group.many.count > 1
        for manyIndex in group.many {
            for oneIndex in group.one {
                guard
                    var column = paired(many[manyIndex], one[oneIndex], isSwapped: isSwapped)
                else { continue }
                column.labels = labels(many[manyIndex], one[oneIndex])
                if mayCollide {
                    let isOneToOne = matching.cardinality == .oneToOne
                    let key = isOneToOne ? Labels.empty : column.labels
                    var steps =
                        filled[key] ?? [Bool](repeating: false, count: evaluator.grid.count)
                    for (step, value) in column.values.enumerated()
                    where Column.isPresent(value) {
                        guard !steps[step] else { throw VectorJoin.collision(isOneToOne) }
                        steps[step] = true
                    }
                    filled[key] = steps
                }
                result.append(column)
            }
        }
        return result
    }

    private static func collision(_ isOneToOne: Bool) -> QueryError {
        .execution(
            isOneToOne
                ? "multiple matches for labels: many-to-one matching must be explicit "
                    + "(group_left/group_right)"
                : "multiple matches for labels: grouping labels must ensure unique matches")
    }

    /// The values of a pair, or `nil` when it has none.
    private func paired(_ many: Column, _ one: Column, isSwapped: Bool) -> Column? {
        var result = Column(labels: .empty, dropsName: node.returnsBool, values: many.values)
        var isEmpty = true
        let op = node.op
        for step in result.values.indices {
            let (m, o) = (many.values[step], one.values[step])
            guard Column.isPresent(m), Column.isPresent(o) else {
                result.values[step] = Column.absent
                continue
            }
            let (value, holds) =
                isSwapped ? Arithmetic.apply(op, o, m) : Arithmetic.apply(op, m, o)
            if node.returnsBool {
                result.values[step] = holds ? 1 : 0
            } else {
                result.values[step] = holds ? value : Column.absent
            }
            if Column.isPresent(result.values[step]) { isEmpty = false }
        }
        return isEmpty ? nil : result
    }

    private func labels(_ many: Column, _ one: Column) -> Labels {
        var labels = many.labels
        if !node.op.isComparison { labels = labels.droppingMetadata }
        if matching.cardinality == .oneToOne {
            labels =
                matching.isOn
                ? labels.keeping(matching.labels) : labels.dropping(matching.labels)
        }
        for name in matching.include { labels = labels.setting(name, one.labels[name]) }
        if node.returnsBool, !evaluator.context.options.delaysNameRemoval {
            labels = labels.droppingMetadata
        }
        return labels
    }
}
