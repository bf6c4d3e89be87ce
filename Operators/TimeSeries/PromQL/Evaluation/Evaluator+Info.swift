extension Evaluator {
    private static let identifying = ["instance", "job"]

    /// `info(vector, {label selector})`: adds the labels of info metrics such as `target_info`.
    func info(_ node: FunctionCall) throws(QueryError) -> [Column] {
        let base = try vector(node.arguments[0])
        var nameMatchers: [LabelMatcher] = []
        var dataMatchers: [LabelMatcher] = []
        if node.arguments.count > 1, case .vector(let selector) = node.arguments[1].unwrapped {
            nameMatchers = selector.matchers.filter { $0.name == Labels.metricName }
            dataMatchers = selector.matchers.filter { $0.name != Labels.metricName }
        }
        // With a selector that names no metric, the info metrics themselves are enriched as well.
        let namesInfos = node.arguments.count < 2 || !nameMatchers.isEmpty
        if nameMatchers.isEmpty {
            nameMatchers = [LabelMatcher(Labels.metricName, equals: "target_info")]
        }
        func isInfo(_ column: Column) -> Bool {
            namesInfos && nameMatchers.allSatisfy { $0.matches(column.labels.name) }
        }
        let enrichable = base.filter { !isInfo($0) }
        let infos = try infoSeries(enrichable, nameMatchers + dataMatchers, node.arguments[0])
        let table = try newest(infos)
        var result = base.filter(isInfo)
        for column in enrichable {
            result += try enriched(column, infos, table, dataMatchers)
        }
        return try unique(result)
    }

    private struct InfoSeries {
        let labels: Labels
        /// The time of the sample seen at each step, or `nil`.
        let times: [Int64?]
    }

    private func infoSeries(
        _ base: [Column], _ matchers: [LabelMatcher], _ expression: Expression
    ) throws(QueryError) -> [InfoSeries] {
        let values = Evaluator.identifying.map { name in
            (name, Set(base.map { $0.labels[name] }.filter { !$0.isEmpty }))
        }
        guard values.contains(where: { !$0.1.isEmpty }), grid.count > 0 else { return [] }
        let low = grid.start.subtractingClamped(context.options.lookback - 1)
        let selection = SeriesSelection(
            matchers: matchers, range: low...max(low, grid.last), step: grid.step)
        var result: [InfoSeries] = []
        for series in try context.select(selection) {
            guard values.allSatisfy({ $0.1.isEmpty || $0.1.contains(series.labels[$0.0]) }) else {
                continue
            }
            let samples = try context.samples(of: series)
            var cursor = InstantCursor(samples, lookback: context.options.lookback)
            let times = (0..<grid.count).map { step in
                cursor.seek(grid.time(step)).map { samples.timestamps[$0] }
            }
            try context.charge(grid.count)
            result.append(InfoSeries(labels: series.labels, times: times))
        }
        return result
    }

    /// For each metric, identity and step the place of the newest info series.
    private func newest(_ infos: [InfoSeries]) throws(QueryError) -> [Labels: [Int?]] {
        var table: [Labels: [Int?]] = [:]
        for (index, info) in infos.enumerated() {
            let key = info.labels.keeping(Evaluator.identifying + [Labels.metricName])
            var places = table[key] ?? [Int?](repeating: nil, count: grid.count)
            for (step, time) in info.times.enumerated() {
                guard let time else { continue }
                guard let known = places[step], let knownTime = infos[known].times[step] else {
                    places[step] = index
                    continue
                }
                if knownTime == time {
                    throw .execution(
                        "found duplicate series for info metric: existing "
                            + "\(infos[known].labels) @ \(knownTime), new \(info.labels) @ \(time)")
                }
                if knownTime < time { places[step] = index }
            }
            table[key] = places
        }
        return table
    }

    /// A series with the labels of the info series that belong to it, which may change with time.
    private func enriched(
        _ column: Column, _ infos: [InfoSeries], _ table: [Labels: [Int?]],
        _ dataMatchers: [LabelMatcher]
    ) throws(QueryError) -> [Column] {
        let wanted = Set(dataMatchers.map(\.name))
        let identity = column.labels.keeping(Evaluator.identifying)
        let names = Set(infos.map(\.labels.name)).sorted()
        var columns: [Labels: Column] = [:]
        var order: [Labels] = []
        for (step, value) in column.values.enumerated() where Column.isPresent(value) {
            var added = Labels.empty
            var found = false
            for name in names {
                let key = identity.setting(Labels.metricName, name)
                guard let place = table[key]?[step] else { continue }
                found = true
                for label in infos[place].labels where label.name != Labels.metricName {
                    if !wanted.isEmpty, !wanted.contains(label.name) { continue }
                    let known = added[label.name]
                    guard known.isEmpty || known == label.value else {
                        throw .execution("conflicting label: \(label.name)")
                    }
                    if column.labels[label.name].isEmpty {
                        added = added.setting(label.name, label.value)
                    }
                }
            }
            // A condition that an absent label can't meet leaves the series out.
            if !found, !dataMatchers.allSatisfy({ $0.matches("") }) { continue }
            var labels = column.labels
            for label in added { labels = labels.setting(label.name, label.value) }
            if columns[labels] == nil {
                order.append(labels)
                columns[labels] = Column(
                    labels: labels, dropsName: column.dropsName,
                    values: [Double](repeating: Column.absent, count: grid.count))
            }
            columns[labels]?.values[step] = value
        }
        return order.compactMap { columns[$0] }
    }
}
