import BrokerModel
import Records
import Testing

@Suite("The group coordinator")
struct GroupCoordinatorTests {
    private var coordinator = GroupCoordinator(seed: 1)
    private var token: UInt64 = 0
    private var joins: [UInt64: JoinGroupResponse] = [:]
    private var syncs: [UInt64: SyncGroupResponse] = [:]

    private mutating func drain() {
        for effect in coordinator.takeEffects() {
            guard case .reply(let token, let reply) = effect else { continue }
            switch reply {
            case .join(let response): joins[token.number] = response
            case .sync(let response): syncs[token.number] = response
            }
        }
    }

    /// Sends a join; the answer is in `joins`, at once or later.
    private mutating func join(
        _ member: String, instance: String? = nil, version: Int16 = 9, session: Int32 = 10_000,
        rebalance: Int32 = 30_000, strategies: [String] = ["range"],
        metadata: [UInt8] = [], now: Int64 = 0
    ) -> UInt64 {
        token += 1
        var request = JoinGroupRequest()
        request.groupID = "g"
        request.sessionTimeoutMs = session
        request.rebalanceTimeoutMs = rebalance
        request.memberID = member
        request.groupInstanceID = instance
        request.protocolType = "consumer"
        request.protocols = strategies.map {
            var offer = JoinGroupRequest.JoinGroupRequestProtocol()
            offer.name = $0
            offer.metadata = metadata
            return offer
        }
        let answer = coordinator.join(
            request, version: version, client: .init(id: "c", host: "/h"),
            token: ReplyToken(token), now: now)
        if let answer { joins[token] = answer }
        drain()
        return token
    }

    private mutating func sync(
        _ member: String, generation: Int32, _ assignments: [String: [UInt8]] = [:],
        now: Int64 = 0
    ) -> UInt64 {
        token += 1
        var request = SyncGroupRequest()
        request.groupID = "g"
        request.memberID = member
        request.generationID = generation
        request.assignments = assignments.sorted { $0.key < $1.key }.map {
            var assignment = SyncGroupRequest.SyncGroupRequestAssignment()
            assignment.memberID = $0.key
            assignment.assignment = $0.value
            return assignment
        }
        let answer = coordinator.sync(request, token: ReplyToken(token), now: now)
        if let answer { syncs[token] = answer }
        drain()
        return token
    }

    private mutating func heartbeat(
        _ member: String, generation: Int32, now: Int64
    ) -> ErrorCode {
        var request = HeartbeatRequest()
        request.groupID = "g"
        request.memberID = member
        request.generationID = generation
        return coordinator.heartbeat(request, now: now)
    }

    /// A stable group of one member.
    private mutating func alone(now: Int64 = 0) throws -> String {
        let first = join("", now: now)
        let member = try #require(joins[first]).memberID
        #expect(joins[first]?.errorCode == ErrorCode.memberIDRequired.rawValue)
        let second = join(member, now: now)
        #expect(joins[second]?.leader == member)
        _ = sync(member, generation: 1, [member: [1]], now: now)
        return member
    }

    @Test("gives a member its id before it may join")
    mutating func memberID() throws {
        let member = try alone()
        #expect(coordinator.groups["g"]?.state == .stable)
        #expect(coordinator.groups["g"]?.members[member]?.assignment == [1])
        // Before version 4 nobody expects that.
        var old = Self()
        let token = old.join("", version: 3)
        #expect(old.joins[token]?.errorCode == 0)
    }

    @Test("begins a generation only when all members have joined, and assigns through the leader")
    mutating func twoMembers() throws {
        let a = try alone()
        let b = try #require(joins[join("")]).memberID
        let waiting = join(b)
        #expect(joins[waiting] == nil)
        #expect(heartbeat(a, generation: 1, now: 1) == .rebalanceInProgress)
        let rejoined = join(a)
        let leader = try #require(joins[rejoined])
        let follower = try #require(joins[waiting])
        #expect(leader.generationID == 2 && follower.generationID == 2)
        #expect(leader.members.count == 2 && follower.members.isEmpty)
        let late = sync(b, generation: 2)
        #expect(syncs[late] == nil)
        let done = sync(a, generation: 2, [a: [1], b: [2]])
        #expect(syncs[done]?.assignment == [1] && syncs[late]?.assignment == [2])
    }

    @Test("goes on without a member that does not come back within the rebalance timeout")
    mutating func rebalanceTimeout() throws {
        let a = try alone()
        let b = try #require(joins[join("")]).memberID
        let waiting = join(b, session: 60_000, rebalance: 20_000)
        // Heartbeats keep the session, but not the place in the next generation.
        for time in stride(from: Int64(5_000), through: 25_000, by: 5_000) {
            _ = heartbeat(a, generation: 1, now: time)
            coordinator.tick(now: time)
            drain()
        }
        #expect(joins[waiting] == nil)
        coordinator.tick(now: 30_000)
        drain()
        #expect(joins[waiting]?.generationID == 2)
        #expect(coordinator.groups["g"]?.members.count == 1)
        #expect(heartbeat(a, generation: 1, now: 30_001) == .unknownMemberID)
    }

    @Test("gives up a member whose session has expired")
    mutating func session() throws {
        let a = try alone()
        #expect(coordinator.nextDeadline == 10_000)
        #expect(heartbeat(a, generation: 1, now: 9_000) == .none)
        coordinator.tick(now: 10_000)
        #expect(coordinator.groups["g"]?.state == .stable)
        coordinator.tick(now: 19_000)
        #expect(coordinator.groups["g"]?.state == .empty)
    }

    @Test("waits for more members before the first generation when told to")
    mutating func initialDelay() throws {
        var limits = GroupCoordinator.Limits()
        limits.initialRebalanceDelay = 3_000
        coordinator = GroupCoordinator(limits: limits, seed: 1)
        let member = try #require(joins[join("")]).memberID
        let waiting = join(member)
        #expect(joins[waiting] == nil)
        coordinator.tick(now: 2_999)
        drain()
        #expect(joins[waiting] == nil)
        coordinator.tick(now: 3_000)
        drain()
        #expect(joins[waiting]?.generationID == 1)
    }

    @Test("lets a static member come back under a new id without a rebalance, and fences the old")
    mutating func staticMember() throws {
        let first = join("", instance: "i1")
        let old = try #require(joins[first]).memberID
        _ = sync(old, generation: 1, [old: [5]])
        let again = join("", instance: "i1")
        let answer = try #require(joins[again])
        #expect(answer.generationID == 1 && answer.memberID != old && answer.skipAssignment)
        #expect(syncs[sync(answer.memberID, generation: 1)]?.assignment == [5])
        var beat = HeartbeatRequest()
        beat.groupID = "g"
        beat.memberID = old
        beat.generationID = 1
        beat.groupInstanceID = "i1"
        #expect(coordinator.heartbeat(beat, now: 1) == .fencedInstanceID)
    }

    @Test(
        "disturbs nobody when a static member comes back with other metadata, only another strategy"
    )
    mutating func staticMetadata() throws {
        let old = try #require(joins[join("", instance: "i1", metadata: [1])]).memberID
        _ = sync(old, generation: 1, [old: [5]])
        let new = try #require(
            joins[join("", instance: "i1", strategies: ["range", "sticky"], metadata: [2])])
        #expect(new.generationID == 1 && new.memberID != old)
        let group = try #require(coordinator.groups["g"])
        #expect(group.state == .stable && group.members.keys.sorted() == [new.memberID])
        #expect(group.members[new.memberID]?.metadata(for: "range") == [2])
        #expect(syncs[sync(new.memberID, generation: 1)]?.assignment == [5])
        let other = try #require(joins[join("", instance: "i1", strategies: ["sticky"])])
        #expect(other.generationID == 2 && other.protocolName == "sticky")
    }

    @Test("elects a strategy that all members have")
    mutating func strategies() throws {
        let a = join("", version: 3, strategies: ["cooperative-sticky", "range"])
        #expect(joins[a]?.protocolName == "cooperative-sticky")
        let refused = join("", version: 3, strategies: ["roundrobin"])
        #expect(joins[refused]?.errorCode == ErrorCode.inconsistentGroupProtocol.rawValue)
    }

    @Test("takes offsets without a generation only while nobody is in the group")
    mutating func commitsWithoutGeneration() throws {
        func refusal(
            _ generation: Int32, _ member: String, transactional: Bool = false
        ) -> ErrorCode? {
            var copy = coordinator
            return copy.refusalOfCommit(
                group: "g", generation: generation, memberID: member, instanceID: nil,
                isTransactional: transactional, now: 0)
        }
        #expect(refusal(-1, "") == nil)
        #expect(refusal(3, "x") == .illegalGeneration)
        let a = try alone()
        #expect(refusal(-1, "") == .unknownMemberID)
        // In a transaction nothing is checked unless a member is named.
        #expect(refusal(-1, "", transactional: true) == nil)
        #expect(refusal(1, a) == nil)
        #expect(refusal(0, a) == .illegalGeneration)
        #expect(refusal(0, a, transactional: true) == .illegalGeneration)
    }

    @Test("comes back from what was kept, with its members and their assignments")
    mutating func restart() throws {
        let a = try alone()
        let kept = try #require(coordinator.groups["g"]).encoded
        coordinator = GroupCoordinator(seed: 2)
        coordinator.restore(try ConsumerGroup(decoding: kept), now: 100_000)
        #expect(heartbeat(a, generation: 1, now: 105_000) == .none)
        #expect(coordinator.groups["g"]?.members[a]?.assignment == [1])
    }
}
