internal import Records

/// The coordinator of classic consumer groups: joins, assignments, sessions.
///
/// Eager and cooperative members differ only in what they tell each other, which the coordinator
/// passes on. Static membership is KIP-345, known member ids KIP-394, skipped assignments KIP-814.
/// Every call takes the time, in ms since 1970; what has to be sent or kept is drained with
/// ``takeEffects()``.
package struct GroupCoordinator: Sendable {
    /// The bounds of the coordinator.
    package struct Limits: Sendable {
        /// The session timeouts that are allowed, in ms.
        package var sessionTimeout: ClosedRange<Int64> = 6_000...1_800_000
        /// How long an empty group waits for more members before its first generation, in ms.
        package var initialRebalanceDelay: Int64 = 0
        /// The members a group may have.
        package var members = 1_000
        /// The groups the coordinator keeps.
        package var groups = 10_000

        package init() {}
    }

    /// An answer to a request that waited.
    package enum Reply: Sendable {
        case join(JoinGroupResponse)
        case sync(SyncGroupResponse)
    }

    /// What the driver has to do, in this order.
    package enum Effect: Sendable {
        case reply(ReplyToken, Reply)
        /// The group is to be kept as it is now.
        case keep(ConsumerGroup)
    }

    /// Who sends a request.
    package struct Client: Sendable {
        package var id: String
        package var host: String

        package init(id: String, host: String) {
            self.id = id
            self.host = host
        }
    }

    package let limits: Limits
    package internal(set) var groups: [String: ConsumerGroup] = [:]
    var effects: [Effect] = []
    private var memberNumber: UInt64
    private var generator: SeededGenerator

    /// - Parameter seed: what member ids are made from.
    package init(limits: Limits = Limits(), seed: UInt64) {
        self.limits = limits
        generator = SeededGenerator(seed: seed)
        memberNumber = 0
    }

    /// What has to be done since the last call.
    package mutating func takeEffects() -> [Effect] {
        defer { effects = [] }
        return effects
    }

    /// Puts back a group that was kept; its sessions start now.
    package mutating func restore(_ group: ConsumerGroup, now: Int64) {
        var group = group
        for member in group.sortedMembers {
            group.members[member.id]?.expires = now + member.sessionTimeout
        }
        groups[group.id] = group
    }

    mutating func newMemberID(_ prefix: String) -> String {
        func hex(_ value: UInt64) -> String {
            let digits = String(value, radix: 16)
            return String(repeating: "0", count: 16 - digits.count) + digits
        }
        memberNumber += 1
        return "\(prefix)-\(hex(generator.next()))\(hex(generator.next() ^ memberNumber))"
    }

    // MARK: Sessions

    /// The next time at which ``tick(now:)`` has something to do.
    package var nextDeadline: Int64? {
        var next = Int64.max
        for group in groups.values {
            if let deadline = group.rebalanceDeadline { next = min(next, deadline) }
            if let deadline = group.initialDelayUntil { next = min(next, deadline) }
            if let deadline = group.syncDeadline { next = min(next, deadline) }
            for deadline in group.pending.values { next = min(next, deadline) }
            for member in group.members.values where member.joining == nil {
                next = min(next, member.expires)
            }
        }
        return next == .max ? nil : next
    }

    /// Gives up what is overdue.
    package mutating func tick(now: Int64) {
        for id in groups.keys.sorted() {
            guard var group = groups[id] else { continue }
            let lapsed = group.pending.filter { $0.value <= now }.keys
            for member in lapsed { group.pending[member] = nil }
            // A member that waits in a join is alive: its connection holds the request.
            let expired = group.sortedMembers.filter { $0.joining == nil && $0.expires <= now }
            for member in expired { remove(member, from: &group, now: now) }
            if let deadline = group.syncDeadline, deadline <= now {
                group.syncDeadline = nil
                if group.state == .completingRebalance {
                    let missing = group.sortedMembers.filter { $0.syncing == nil }
                    for member in missing { remove(member, from: &group, now: now) }
                }
            }
            if let until = group.initialDelayUntil, until <= now { group.initialDelayUntil = nil }
            if group.state == .preparingRebalance { completeJoinIfPossible(&group, now: now) }
            groups[id] = group
        }
    }

    /// Takes a member out of its group and sets the next rebalance off.
    mutating func remove(_ member: GroupMember, from group: inout ConsumerGroup, now: Int64) {
        guard group.members.removeValue(forKey: member.id) != nil else { return }
        if let token = member.joining {
            effects.append(.reply(token, .join(.failed(.unknownMemberID, member.id))))
        }
        if let token = member.syncing {
            effects.append(.reply(token, .sync(.failed(.unknownMemberID))))
        }
        if group.leader == member.id {
            group.leader = group.sortedMembers.first { $0.joining != nil }?.id
        }
        switch group.state {
        case .stable, .completingRebalance: prepareRebalance(&group, now: now)
        case .preparingRebalance: completeJoinIfPossible(&group, now: now)
        case .empty: break
        }
    }

    /// Asks all members to join the next generation.
    mutating func prepareRebalance(_ group: inout ConsumerGroup, now: Int64) {
        if group.state == .completingRebalance {
            for member in group.sortedMembers {
                group.members[member.id]?.assignment = []
                guard let token = member.syncing else { continue }
                group.members[member.id]?.syncing = nil
                effects.append(.reply(token, .sync(.failed(.rebalanceInProgress))))
            }
        }
        if group.state == .empty, limits.initialRebalanceDelay > 0 {
            group.initialDelayUntil = now + limits.initialRebalanceDelay
        }
        group.state = .preparingRebalance
        group.syncDeadline = nil
        group.rebalanceDeadline = now + max(1, group.rebalanceTimeout)
        completeJoinIfPossible(&group, now: now)
    }

    /// Begins the next generation once everybody is there, or the time for that is over.
    mutating func completeJoinIfPossible(_ group: inout ConsumerGroup, now: Int64) {
        guard group.state == .preparingRebalance else { return }
        let missing = group.sortedMembers.filter { $0.joining == nil }
        let overdue = (group.rebalanceDeadline ?? .max) <= now
        if !overdue {
            guard missing.isEmpty, group.pending.isEmpty, group.initialDelayUntil == nil
            else { return }
        }
        // Those who did not come back are out, but a static member keeps its place (KIP-345).
        for member in missing where member.instanceID == nil {
            group.members[member.id] = nil
        }
        group.rebalanceDeadline = nil
        group.initialDelayUntil = nil
        group.generation += 1
        guard !group.members.isEmpty else {
            group.state = .empty
            group.emptySince = now
            group.strategy = nil
            group.leader = nil
            effects.append(.keep(group))
            return
        }
        guard group.members.values.contains(where: { $0.joining != nil }) else {
            group.rebalanceDeadline = now + max(1, group.rebalanceTimeout)
            group.generation -= 1
            return
        }
        group.strategy = group.electedStrategy
        if group.leader.flatMap({ group.members[$0]?.joining }) == nil {
            group.leader = group.sortedMembers.first { $0.joining != nil }?.id
        }
        group.state = .completingRebalance
        group.emptySince = nil
        group.syncDeadline = now + max(1, group.rebalanceTimeout)
        for member in group.sortedMembers {
            group.members[member.id]?.isNew = false
            group.members[member.id]?.expires = now + member.sessionTimeout
            guard let token = member.joining else { continue }
            group.members[member.id]?.joining = nil
            effects.append(.reply(token, .join(group.joinResponse(for: member))))
        }
    }
}

extension JoinGroupResponse {
    static func failed(_ error: ErrorCode, _ memberID: String) -> JoinGroupResponse {
        var response = JoinGroupResponse()
        response.errorCode = error.rawValue
        response.memberID = memberID
        response.protocolName = ""
        return response
    }
}

extension SyncGroupResponse {
    static func failed(_ error: ErrorCode) -> SyncGroupResponse {
        var response = SyncGroupResponse()
        response.errorCode = error.rawValue
        return response
    }
}
