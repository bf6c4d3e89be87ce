internal import BrokerModel

// Expiry of committed offsets, of groups that hold none, and of transactional ids.

extension BrokerEngine {
    /// How long a group without members and offsets is remembered, in ms, as in Kafka.
    private static let emptyGroupRetention: Int64 = 600_000

    /// Forgets offsets past their retention, and groups that nothing is known of any more.
    func expireOffsets(now: Int64) {
        for group in offsets.groups {
            for (place, entry) in offsets.entries(group: group) {
                let since = groups.idleSince(
                    group: group, topic: place.topic, committed: entry.timestamp)
                guard let since, now - since >= configuration.offsetRetention,
                    !offsets.isUnstable(group: group, place)
                else { continue }
                let removed = JournalEntry.offsetDeleted(
                    group: group, topic: place.topic, partition: place.partition)
                guard keep(removed) else { return }
                _ = offsets.remove(group: group, place)
            }
        }
        for group in groups.groupsEmpty(since: now - Self.emptyGroupRetention)
        where !offsets.holdsAny(group: group) {
            guard delete(group: group) == .none else { return }
        }
    }

    /// Forgets transactional ids that nobody has used for long, as in Kafka: their producers get new
    /// ids when they come back.
    func expireTransactions(now: Int64) {
        for id in transactions.idle(since: now - configuration.transactionalIDExpiration) {
            guard keep(.transactionDeleted(id: id)) else { return }
            transactions.forget(id: id)
        }
    }
}
