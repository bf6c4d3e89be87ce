import Foundation
import KafkaClient
import ObjectStore
import Records
import Runtime

/// `commit.*`: what commits write, how long a restore takes, how soon another worker goes on.
enum CommitBenchmarks {
    static var all: [Benchmark] {
        [
            Benchmark(name: "commit.bytes", run: bytes),
            Benchmark(name: "commit.restore", run: restore),
            Benchmark(name: "commit.takeover", run: takeover),
        ]
    }

    private static func withStore<T>(_ body: (DirectoryCheckpointStore) throws -> T) throws -> T {
        let directory = URL(fileURLWithPath: ".millrace/bench-commit-\(getpid())")
            .standardizedFileURL.path
        try? FileManager.default.removeItem(atPath: directory)
        defer { try? FileManager.default.removeItem(atPath: directory) }
        return try body(try DirectoryCheckpointStore(directory))
    }

    /// 1 M keys of 104 bytes, of which 10,000 change between two commits.
    private static func bytes(_ report: inout BenchmarkReport) throws {
        let (keys, changed, commits) = (1_000_000, 10_000, 200)
        try withStore { store in
            let workload = try CommitWorkload(store)
            workload.commit((0..<keys).map { UInt64($0) })
            let before = workload.checkpointBytes
            workload.resetPauses()
            var random = SeededGenerator(seed: 1)
            for _ in 0..<commits {
                workload.commit((0..<changed).map { _ in random.next() % UInt64(keys) })
            }
            let written = Double(workload.checkpointBytes - before) / Double(commits)
            let bytesPerKey = Double(before) / Double(keys)
            report.add(
                "commit.bytes", written / 1e6, unit: "MB a commit",
                floor: bytesPerKey * Double(changed) / 1e6, higherIsBetter: false)
            add(workload.pauses, &report)
        }
        report.remark(
            "\(keys) keys, \(changed) of them changed a commit, \(commits) commits, slices that keep "
                + "the chain short included; floor: the changed keys' own bytes")
    }

    /// How long the thread stood still for a snapshot: it writes what changed, and a slice, into memory, sums its
    /// bytes up and copies them, so that the time follows the bytes; the longest tells of the machine, too.
    private static func add(_ pauses: [CommitWorkload.Pause], _ report: inout BenchmarkReport) {
        let seconds = pauses.map(\.seconds).sorted()
        guard let longest = pauses.max(by: { $0.seconds < $1.seconds }) else { return }
        report.add(
            "commit.bytes.pause", longest.seconds * 1_000,
            unit: "ms, the longest that a commit's snapshot took", higherIsBetter: false)
        report.add(
            "commit.bytes.pause.median", KafkaBenchmarks.median(seconds) * 1_000, unit: "ms",
            higherIsBetter: false)
        for (name, isChosen) in [
            ("changes", { $0 < 2_000_000 }), ("slices", { $0 >= 2_000_000 }),
        ] as [(String, (Int) -> Bool)] {
            let some = pauses.filter { isChosen($0.bytes) }
            guard !some.isEmpty else { continue }
            let each = KafkaBenchmarks.median(some.map { $0.seconds * 1e9 / Double($0.bytes) })
            report.add(
                "commit.bytes.pause.\(name)", each,
                unit: "ns a byte, the median of \(some.count) commits", higherIsBetter: false)
        }
        report.remark("the longest pause wrote \(Double(longest.bytes) / 1e6) MB")
    }

    /// 1 GB of state, restored from a local directory.
    private static func restore(_ report: inout BenchmarkReport) throws {
        try withStore { store in
            let workload = try CommitWorkload(store)
            let perCommit = 300_000
            var key: UInt64 = 0
            while workload.checkpointBytes < 1_000_000_000 {
                workload.commit((0..<perCommit).map { key + UInt64($0) })
                key += UInt64(perCommit)
            }
            let gigabytes = Double(workload.checkpointBytes) / 1e9
            let seconds = try (0..<3).map { _ in try workload.restore() }.sorted()[1]
            report.add(
                "commit.restore", seconds / gigabytes, unit: "s per GB of state",
                higherIsBetter: false)
        }
    }

    /// Two workers share four partitions of a stream; one is killed, and the other publishes all of them.
    private static func takeover(_ report: inout BenchmarkReport) throws {
        let seconds = try (0..<3).map { _ in try Takeover().measure() }.sorted()[1]
        report.add(
            "commit.takeover", seconds,
            unit: "s from kill -9 until what was sent behind it to all partitions is published",
            floor: Takeover.sessionSeconds, higherIsBetter: false)
        report.remark("floor: the session time-out, after which the group takes a member for dead")
    }
}
