extension Evaluator {
    /// Draws the series of a vector together.
    func aggregate(_ node: Aggregation) throws(QueryError) -> [Column] {
        switch node.op {
        case .topk, .bottomk, .limitk, .limitRatio: return try selected(node)
        case .countValues: return try countValues(node)
        case .quantile: return try quantile(node)
        default: return try reduced(node)
        }
    }

    /// Sum, count and the like, which take in one series at a time.
    private func reduced(_ node: Aggregation) throws(QueryError) -> [Column] {
        var groups = GroupTable(node)
        var states: [Reduction] = []
        try forEachColumn(node.expression) { (labels, dropsName, values) throws(QueryError) in
            let place = groups.place(of: labels)
            if place == states.count {
                states.append(Reduction(node.op, steps: grid.count))
                try context.charge(grid.count)
            }
            if dropsName { groups.markDropped(place) }
            states[place].add(values)
        }
        var result: [Column] = []
        for place in states.indices {
            let column = Column(
                labels: groups.labels[place], dropsName: groups.dropsName[place],
                values: states[place].values())
            if !column.isEmpty { result.append(column) }
        }
        return result
    }

    /// Visits the columns of a vector, those of range functions without holding them all.
    private func forEachColumn(
        _ expression: Expression,
        _ body: (Labels, Bool, [Double]) throws(QueryError) -> Void
    ) throws(QueryError) {
        let inner = expression.unwrapped
        let standsStill = grid.count > 1 && Evaluator.standsStill(inner)
        if !standsStill, case .call(let call) = inner, call.function.name != "absent_over_time",
            Evaluator.rangeFunctions.contains(call.function.name)
        {
            var seen = Set<UInt64>()
            try forEachRangeColumn(call) { (labels, dropsName, values) throws(QueryError) in
                guard values.contains(where: Column.isPresent) else { return }
                // Without their names two series may be one, which is an error.
                guard seen.insert(labels.stableHash).inserted else {
                    if context.options.delaysNameRemoval { return }
                    throw Evaluator.sameLabels
                }
                try body(labels, dropsName, values)
            }
            return
        }
        if !standsStill, case .vector(let selector) = inner {
            try forEachSelected(selector) { (series, samples) throws(QueryError) in
                let (values, count) = instantValues(samples, of: selector, fixed: nil)
                if count > 0 { try body(series.labels, false, values) }
            }
            return
        }
        for column in try vector(inner) {
            try body(column.labels, column.dropsName, column.values)
        }
    }

    private func quantile(_ node: Aggregation) throws(QueryError) -> [Column] {
        guard let parameter = node.parameter else { return [] }
        let quantiles = try scalar(parameter)
        let columns = try vector(node.expression)
        let range = parameter.range
        if quantiles.contains(where: \.isNaN) {
            context.annotate(.invalidQuantile(StaleMarker.normalNaN, range))
        }
        let known = quantiles.filter { !$0.isNaN }
        if let greatest = known.max(), greatest > 1 {
            context.annotate(.invalidQuantile(greatest, range))
        }
        if let least = known.min(), least < 0 { context.annotate(.invalidQuantile(least, range)) }
        var groups = GroupTable(node)
        var members: [[Int]] = []
        for (index, column) in columns.enumerated() {
            let place = groups.place(of: column.labels)
            if place == members.count { members.append([]) }
            if column.dropsName { groups.markDropped(place) }
            members[place].append(index)
        }
        var result: [Column] = []
        for place in members.indices {
            var values = [Double](repeating: Column.absent, count: grid.count)
            for step in 0..<grid.count {
                let present = members[place].map { columns[$0].values[step] }
                    .filter(Column.isPresent)
                if !present.isEmpty {
                    values[step] = Arithmetic.quantile(quantiles[step], present)
                }
            }
            result.append(
                Column(
                    labels: groups.labels[place], dropsName: groups.dropsName[place],
                    values: values))
        }
        return result
    }

    private func countValues(_ node: Aggregation) throws(QueryError) -> [Column] {
        guard let parameter = node.parameter else { return [] }
        let label = try string(parameter)
        guard label.isValid, !label.bytes.isEmpty else {
            throw .execution("invalid label name \(PromQLText.quoted(bytes: label.bytes))")
        }
        var grouping = node
        if !node.isWithout { grouping.grouping.append(label.text) }
        var groups = GroupTable(grouping)
        var counts: [[Double]] = []
        for column in try vector(node.expression) {
            var known: [UInt64: Int] = [:]
            for (step, value) in column.values.enumerated() where Column.isPresent(value) {
                let place: Int
                if let found = known[value.bitPattern] {
                    place = found
                } else {
                    place = groups.place(
                        of: column.labels.setting(label.text, PromQLText.number(value)))
                    known[value.bitPattern] = place
                }
                if place == counts.count {
                    counts.append([Double](repeating: Column.absent, count: grid.count))
                    try context.charge(grid.count)
                }
                let old = counts[place][step]
                counts[place][step] = Column.isPresent(old) ? old + 1 : 1
            }
        }
        return counts.indices.map {
            Column(labels: groups.labels[$0], dropsName: false, values: counts[$0])
        }
    }
}

/// Finds the group of a series.
struct GroupTable {
    private(set) var labels: [Labels] = []
    private(set) var dropsName: [Bool] = []
    private let grouping: [String]
    private let isWithout: Bool
    private var places: [Labels: Int] = [:]

    init(_ node: Aggregation) {
        grouping = node.isWithout ? node.grouping + [Labels.metricName] : node.grouping
        isWithout = node.isWithout
    }

    /// The group's place; a new one is the number of groups before.
    mutating func place(of series: Labels) -> Int {
        let key: Labels =
            isWithout
            ? series.dropping(grouping) : grouping.isEmpty ? .empty : series.keeping(grouping)
        if let place = places[key] { return place }
        let place = labels.count
        places[key] = place
        labels.append(key)
        dropsName.append(false)
        return place
    }

    /// Marks that the name of the group, if it has one, is to be taken away at the end.
    mutating func markDropped(_ place: Int) { dropsName[place] = true }
}
