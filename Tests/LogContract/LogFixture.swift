package import Records

/// A log under test: makes topics and clients of one implementation.
package protocol LogFixture: Sendable {
    /// What this log can do beyond what every log must.
    var features: Set<LogFeature> { get }

    /// Makes an empty topic under a name that nobody has used.
    func makeTopic(partitions: Int32) throws -> String

    /// A group's name that nobody has used.
    func makeGroup() -> String

    /// A client that appends.
    func makeWriter() throws -> any LogWriter

    /// A client that reads partitions it is given by hand, and commits for a group if one is named.
    func makeReader(group: String?) throws -> any LogReader

    /// A member of a group.
    func makeMember(group: String, topics: [String]) throws -> any LogReader
}

/// What a log may be unable to do.
package enum LogFeature: Hashable, Sendable {
    /// `LogReader.offset(of:at:)`.
    case offsetForTime
    /// Members of a group that come and go.
    case groups
    /// A topic that nobody made is an error, not a new topic.
    case unknownTopics
    /// Reading at an offset that the log does not hold is an error.
    case offsetRange
}
