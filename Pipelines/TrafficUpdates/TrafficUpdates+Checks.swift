internal import Dataflow
internal import Glibc
internal import MapMatching
internal import Sources

extension TrafficUpdates {
    /// The most seconds by which a location may be overtaken: a track that is silent for longer is decided.
    private static let longestReorder = 60.0

    /// What a recording that has ended takes to be decided: the silence that ends a track, the last window and the
    /// last five minutes of the profile until nothing revises them, and the matcher's hold on event time.
    func closing(_ p: Parameters) -> Duration {
        let windows = max(p.window, Double(WeekBin.milliseconds) / 1_000) + p.lateness
        let silence = Double(p.matcher.longestGap) / 1_000
        let seconds = max(windows, silence) + p.matcherHold
        // What can't be is a fault of the definition.
        return seconds.isFinite && seconds.magnitude < 1e9 ? .seconds(seconds) : .zero
    }

    /// Reports the parameters that can't be.
    func check(_ p: Parameters, _ graph: GraphBuilder) {
        for (name, path) in [("map", p.map), ("pseudonymKeyFile", p.pseudonymKeyFile)]
        where !path.isEmpty && access(path, R_OK) != 0 {
            graph.fault(
                parameter: name,
                "is \"\(path)\", which can't be read: \(String(cString: strerror(errno)))")
        }
        if !(1...ProfileVisitors.limit).contains(p.minimumVehicles) {
            graph.fault(
                parameter: "minimumVehicles",
                "is \(p.minimumVehicles); it is 1 to \(ProfileVisitors.limit)")
        }
        if p.pseudonymKeyFile.isEmpty {
            graph.notice(
                parameter: "pseudonymKeyFile",
                "is empty: users' pseudonyms are made with a key that everybody knows, and whoever reads the topics of this pipeline can find out whose passages they are"
            )
        }
        let longest = TrafficUpdates.longestReorder
        if !(0...longest).contains(p.reorder) {
            graph.fault(parameter: "reorder", "is \(p.reorder); it is 0 to \(longest) seconds")
        }
        // What is decided behind the lateness of its window is in no row.
        let latest = p.matcherLag + p.reorder
        if p.lateness < latest {
            graph.notice(
                parameter: "lateness",
                "is \(p.lateness) seconds, and passages may be decided and corrected matcherLag + reorder = \(latest) seconds behind their time: those behind the lateness of their window are missing in its row and go to the dead letters of \"late\"; raise lateness to \(latest), or lower the others"
            )
        }
        _ = graph.seconds(p.keep, parameter: "keep", least: 1)
        if p.profileKeys < 1 {
            graph.fault(parameter: "profileKeys", "is \(p.profileKeys); it is 1 at least")
        }
        if !(0...1).contains(p.profileDecay) {
            graph.fault(parameter: "profileDecay", "is \(p.profileDecay); it is 0 to 1")
        }
        for (name, metres) in [("trimStart", p.trimStart), ("trimEnd", p.trimEnd)]
        where !(0...Trip.longestTrim).contains(metres) {
            graph.fault(
                parameter: name, "is \(metres); it is 0 to \(Int(Trip.longestTrim)) metres")
        }
        if WeekClock(timeZone: p.timeZone) == nil {
            graph.fault(
                parameter: "timeZone",
                "is \"\(p.timeZone)\"; it is \"UTC\" or a name such as \"Europe/Berlin\"")
        }
    }
}
