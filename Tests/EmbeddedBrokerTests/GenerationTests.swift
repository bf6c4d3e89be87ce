import BrokerModel
import EmbeddedBroker
import Records
import Testing

@Suite("Offsets that are committed without a generation")
struct GenerationTests {
    private let files = FaultyFiles(seed: 61)

    @Test("are taken by a group without members only, unless in a transaction")
    func busy() throws {
        let broker = try TestBroker(files: files)
        try broker.createTopic("t")
        #expect(try broker.commit(1, group: "g") == ErrorCode.none)
        let (member, generation) = try broker.joinGroup("g")
        #expect(try broker.commit(2, group: "g") == .unknownMemberID)
        #expect(try broker.commit(2, group: "g", member: member) == .illegalGeneration)
        #expect(
            try broker.commit(2, group: "g", generation: generation + 1, member: member)
                == .illegalGeneration)
        #expect(try broker.committed(group: "g") == 1)
        #expect(
            try broker.commit(3, group: "g", generation: generation, member: member)
                == ErrorCode.none)
        var leave = LeaveGroupRequest()
        leave.groupID = "g"
        var identity = LeaveGroupRequest.MemberIdentity()
        identity.memberID = member
        leave.members = [identity]
        _ = try broker.ask(leave, LeaveGroupResponse.self)
        #expect(try broker.commit(4, group: "g") == ErrorCode.none)
        #expect(try broker.committed(group: "g") == 4)
    }

    @Test("within a transaction are checked only as far as a member is named")
    func transaction() throws {
        let broker = try TestBroker(files: files)
        try broker.createTopic("t")
        let (member, generation) = try broker.joinGroup("g")
        let identity = try broker.initProducer("x")
        let producer = (id: identity.producerID, epoch: identity.producerEpoch)
        #expect(try broker.addOffsets("g", id: "x", producer: producer) == ErrorCode.none)
        func commit(
            _ offset: Int64, generation: Int32 = -1, member: String = ""
        ) throws -> ErrorCode? {
            try broker.commitOffset(
                offset, group: "g", id: "x", producer: producer, generation: generation,
                member: member)
        }
        #expect(try commit(1) == ErrorCode.none)
        #expect(try commit(9, member: member) == .illegalGeneration)
        #expect(try commit(9, generation: generation + 1, member: member) == .illegalGeneration)
        #expect(try commit(9, generation: generation, member: "other") == .unknownMemberID)
        #expect(try commit(2, generation: generation, member: member) == ErrorCode.none)
        #expect(try broker.endTransaction("x", producer: producer, commit: true) == ErrorCode.none)
        #expect(try broker.committed(group: "g") == 2)
    }
}
