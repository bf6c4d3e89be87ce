/// The error codes of the protocol that this broker gives.
package enum ErrorCode: Int16, Error, Hashable, Sendable {
    /// Something went wrong that has no code.
    case unknownServerError = -1
    /// All is well.
    case none = 0
    /// The offset lies outside the log.
    case offsetOutOfRange = 1
    /// A batch is damaged.
    case corruptMessage = 2
    /// No such topic or partition.
    case unknownTopicOrPartition = 3
    /// The topic has just been made.
    case leaderNotAvailable = 5
    /// Another broker leads the partition.
    case notLeaderOrFollower = 6
    /// The time is over.
    case requestTimedOut = 7
    /// A batch is greater than the topic allows.
    case messageTooLarge = 10
    /// The metadata of an offset is too long.
    case offsetMetadataTooLarge = 12
    /// The coordinator is still loading.
    case coordinatorLoadInProgress = 14
    /// No coordinator.
    case coordinatorNotAvailable = 15
    /// Another broker coordinates this.
    case notCoordinator = 16
    /// The name of the topic is not allowed.
    case invalidTopic = 17
    /// A batch is greater than a segment.
    case recordListTooLarge = 18
    /// Acks must be -1, 0 or 1.
    case invalidRequiredAcks = 21
    /// The generation is over.
    case illegalGeneration = 22
    /// The members share no protocol.
    case inconsistentGroupProtocol = 23
    /// The group id is empty.
    case invalidGroupID = 24
    /// No such member.
    case unknownMemberID = 25
    /// The session timeout is out of bounds.
    case invalidSessionTimeout = 26
    /// The group is rebalancing.
    case rebalanceInProgress = 27
    /// The commit is too large.
    case invalidCommitOffsetSize = 28
    /// The timestamp is out of bounds.
    case invalidTimestamp = 32
    /// The mechanism is not known.
    case unsupportedSASLMechanism = 33
    /// The request does not fit the state of authentication.
    case illegalSASLState = 34
    /// The version is not known.
    case unsupportedVersion = 35
    /// The topic exists.
    case topicAlreadyExists = 36
    /// The number of partitions is not possible.
    case invalidPartitions = 37
    /// There are not that many brokers.
    case invalidReplicationFactor = 38
    /// The assignment is not possible.
    case invalidReplicaAssignment = 39
    /// A configuration is not possible.
    case invalidConfig = 40
    /// The request contradicts itself.
    case invalidRequest = 42
    /// Only record batches of version 2 are kept.
    case unsupportedForMessageFormat = 43
    /// A limit of this broker forbids it.
    case policyViolation = 44
    /// A batch of the producer is missing.
    case outOfOrderSequenceNumber = 45
    /// The batch is known.
    case duplicateSequenceNumber = 46
    /// A newer producer has the id.
    case invalidProducerEpoch = 47
    /// The transaction is not in a state for this.
    case invalidTxnState = 48
    /// The transactional id has another producer id.
    case invalidProducerIDMapping = 49
    /// The timeout is greater than the broker allows.
    case invalidTransactionTimeout = 50
    /// The last transaction is still being ended.
    case concurrentTransactions = 51
    /// The transactional id is not allowed.
    case transactionalIDAuthorizationFailed = 53
    /// Left out because another part of the request failed.
    case operationNotAttempted = 55
    /// The disk failed.
    case kafkaStorageError = 56
    /// The credentials are wrong.
    case saslAuthenticationFailed = 58
    /// The producer is not known.
    case unknownProducerID = 59
    /// The group has members.
    case nonEmptyGroup = 68
    /// No such group.
    case groupIDNotFound = 69
    /// No such fetch session: this broker keeps none.
    case fetchSessionIDNotFound = 70
    /// The epoch of a fetch session is wrong.
    case invalidFetchSessionEpoch = 71
    /// The leader epoch is old.
    case fencedLeaderEpoch = 74
    /// The leader epoch is newer than the broker knows.
    case unknownLeaderEpoch = 75
    /// The codec is not known.
    case unsupportedCompressionType = 76
    /// The member must come back with the id that it was given.
    case memberIDRequired = 79
    /// The group has too many members.
    case groupMaxSizeReached = 81
    /// Another member has the instance id.
    case fencedInstanceID = 82
    /// There is a leader.
    case electionNotNeeded = 85
    /// A member reads the topic.
    case groupSubscribedToTopic = 86
    /// A record breaks a rule of its topic.
    case invalidRecord = 87
    /// An open transaction holds the offset.
    case unstableOffsetCommit = 88
    /// A newer producer has the transactional id.
    case producerFenced = 90
    /// No such resource.
    case resourceNotFound = 91
    /// The topic has another id.
    case inconsistentTopicID = 94
    /// No topic has the id.
    case unknownTopicID = 100
    /// No such transactional id.
    case transactionalIDNotFound = 105
    /// The request came to the wrong kind of endpoint.
    case mismatchedEndpointType = 115
    /// The transaction must be aborted.
    case transactionAbortable = 120
}
