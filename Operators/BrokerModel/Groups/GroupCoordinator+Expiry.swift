// What becomes of groups and offsets that nobody uses any more (KIP-211).

extension GroupCoordinator {
    /// From when on the age of a committed offset counts, in ms since 1970; nil while a member may
    /// come back for it.
    ///
    /// Offsets of a group without members age from the later of its last member's end and their own
    /// commit. While there are members, only offsets of topics that none of them reads age.
    package func idleSince(group id: String, topic: String, committed: Int64) -> Int64? {
        guard let group = groups[id], let protocolType = group.protocolType else {
            return committed
        }
        switch group.state {
        case .empty: return max(committed, group.emptySince ?? committed)
        case .stable:
            guard protocolType == "consumer" else { return nil }
            for member in group.members.values {
                let topics = ConsumerSubscription.topics(in: member.metadata(for: group.strategy))
                guard let topics, !topics.contains(topic) else { return nil }
            }
            return committed
        case .preparingRebalance, .completingRebalance: return nil
        }
    }

    /// The groups without members since `time` or longer, by name.
    package func groupsEmpty(since time: Int64) -> [String] {
        groups.values
            .filter { group in
                group.state == .empty && group.pending.isEmpty
                    && (group.emptySince ?? .min) <= time
            }
            .map(\.id).sorted()
    }
}
