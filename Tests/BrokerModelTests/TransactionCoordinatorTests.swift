import BrokerModel
import Records
import Testing

@Suite("The transaction coordinator")
struct TransactionCoordinatorTests {
    private typealias Identity = TransactionCoordinator.ProducerIdentity

    private var coordinator = TransactionCoordinator()
    private var token: UInt64 = 0
    private let place = OffsetStore.Place(topic: "t", partition: 0)

    private mutating func initialise(
        _ id: String?, owner: Identity? = nil, timeout: Int32 = 1_000, version: Int16 = 4,
        now: Int64 = 0
    ) -> Result<Identity, ErrorCode>? {
        token += 1
        var request = InitProducerIdRequest()
        request.transactionalID = id
        request.transactionTimeoutMs = timeout
        request.producerID = owner?.producerID ?? -1
        request.producerEpoch = owner?.epoch ?? -1
        coordinator.initialise(request, version: version, token: ReplyToken(token), now: now)
        for effect in coordinator.takeEffects() {
            if case .initialised(_, let result) = effect { return result }
            finish(effect, now: now)
        }
        return nil
    }

    /// Does what a driver does about a decided outcome.
    private mutating func finish(_ effect: TransactionCoordinator.Effect, now: Int64) {
        guard case .writeMarkers(let transaction, _) = effect else { return }
        coordinator.markersWritten(id: transaction.id, epoch: transaction.epoch, now: now)
    }

    private mutating func begin(_ id: String, _ owner: Identity, now: Int64 = 0) -> ErrorCode {
        coordinator.add(
            partitions: [place], id: id, producerID: owner.producerID, epoch: owner.epoch,
            fenced: .producerFenced, now: now)
    }

    private mutating func end(_ id: String, _ owner: Identity, commit: Bool) -> ErrorCode? {
        var request = EndTxnRequest()
        request.transactionalID = id
        request.producerID = owner.producerID
        request.producerEpoch = owner.epoch
        request.committed = commit
        return coordinator.end(
            request, fenced: .producerFenced, token: ReplyToken(99), now: 0)
    }

    @Test("keeps the decision before it has markers written, and answers after them")
    mutating func order() throws {
        let owner = try #require(try initialise("x")?.get())
        #expect(begin("x", owner) == .none)
        _ = coordinator.takeEffects()
        #expect(end("x", owner, commit: true) == nil)
        let effects = coordinator.takeEffects()
        guard case .keep(let kept) = effects[0], case .writeMarkers(_, true) = effects[1] else {
            Issue.record("\(effects)")
            return
        }
        #expect(kept.state == .prepareCommit)
        #expect(end("x", owner, commit: true) == .concurrentTransactions)
        coordinator.markersWritten(id: "x", epoch: owner.epoch, now: 1)
        let rest = coordinator.takeEffects()
        guard case .keep(let done) = rest[0], case .ended(_, .none) = rest[1] else {
            Issue.record("\(rest)")
            return
        }
        #expect(done.state == .completeCommit && done.partitions.isEmpty)
        // A repeated request gets the same answer, the opposite one an error.
        #expect(end("x", owner, commit: true) == ErrorCode.none)
        #expect(end("x", owner, commit: false) == .invalidTxnState)
    }

    @Test("fences the older owner of a transactional id")
    mutating func fencing() throws {
        let old = try #require(try initialise("x")?.get())
        let new = try #require(try initialise("x")?.get())
        #expect(new.producerID == old.producerID && new.epoch == old.epoch + 1)
        #expect(begin("x", old) == .producerFenced)
        #expect(
            coordinator.refusal(producerID: old.producerID, epoch: old.epoch)
                == .invalidProducerEpoch)
        #expect(begin("x", new) == .none)
    }

    @Test("aborts an open transaction when its id is claimed, under a new epoch")
    mutating func claimWhileOpen() throws {
        let old = try #require(try initialise("x")?.get())
        _ = begin("x", old)
        _ = coordinator.takeEffects()
        #expect(initialise("x") == .failure(.concurrentTransactions))
        let new = try #require(try initialise("x")?.get())
        #expect(new.epoch == old.epoch + 2)
        #expect(end("x", old, commit: true) == .producerFenced)
    }

    @Test("raises the epoch for an owner that names it, once however often it asks")
    mutating func epochBump() throws {
        let first = try #require(try initialise("x")?.get())
        let second = try #require(try initialise("x", owner: first)?.get())
        #expect(second.epoch == first.epoch + 1)
        #expect(try initialise("x", owner: first)?.get() == second)
        let third = try #require(try initialise("x", owner: second)?.get())
        #expect(third.epoch == second.epoch + 1)
        #expect(initialise("x", owner: first) == .failure(.producerFenced))
        #expect(initialise("x", owner: first, version: 3) == .failure(.invalidProducerEpoch))
    }

    @Test("aborts a transaction past its timeout and fences its producer")
    mutating func timeout() throws {
        let owner = try #require(try initialise("x", timeout: 500)?.get())
        _ = begin("x", owner, now: 100)
        _ = coordinator.takeEffects()
        #expect(coordinator.nextDeadline == 600)
        coordinator.tick(now: 599)
        #expect(coordinator.takeEffects().isEmpty)
        coordinator.tick(now: 600)
        let effects = coordinator.takeEffects()
        guard case .writeMarkers(let transaction, false) = effects[1] else {
            Issue.record("\(effects)")
            return
        }
        #expect(transaction.epoch == owner.epoch + 1)
        #expect(end("x", owner, commit: true) == .producerFenced)
    }

    @Test("takes a new producer id when the epochs of one are used up")
    mutating func exhaustion() throws {
        let owner = try #require(try initialise("x")?.get())
        var transaction = try #require(coordinator.transactions["x"])
        transaction.epoch = .max - 1
        coordinator.restore(transaction)
        let next = try #require(try initialise("x")?.get())
        #expect(next.producerID != owner.producerID && next.epoch == 0)
    }

    @Test("goes on with decided transactions after a restart")
    mutating func restart() throws {
        let owner = try #require(try initialise("x")?.get())
        _ = begin("x", owner)
        _ = end("x", owner, commit: true)
        let kept = try #require(coordinator.transactions["x"]).encoded
        coordinator = TransactionCoordinator()
        coordinator.restore(try Transaction(decoding: kept))
        coordinator.resume()
        let effects = coordinator.takeEffects()
        guard case .writeMarkers(let transaction, true) = effects.first else {
            Issue.record("\(effects)")
            return
        }
        #expect(transaction.partitions == [place])
        #expect(try initialise(nil)?.get().producerID == owner.producerID + 1)
    }

    @Test("takes batches and offsets only for what the open transaction has named")
    mutating func verification() throws {
        let owner = try #require(try initialise("x")?.get())
        let id = owner.producerID
        #expect(
            coordinator.refusal(producerID: id, epoch: owner.epoch, partition: place)
                == .invalidTxnState)
        _ = begin("x", owner)
        #expect(coordinator.refusal(producerID: id, epoch: owner.epoch, partition: place) == nil)
        #expect(
            coordinator.refusal(producerID: id, epoch: owner.epoch, group: "g")
                == .invalidTxnState)
        // Newer requests have a word for it.
        #expect(
            coordinator.refusal(
                producerID: id, epoch: owner.epoch, group: "g", unverified: .transactionAbortable)
                == .transactionAbortable)
        #expect(coordinator.refusal(producerID: 77, epoch: 0) == .invalidProducerIDMapping)
    }

    @Test(
        "forgets ids that nobody uses any more, and never one with a transaction that is not over")
    mutating func idle() throws {
        let owner = try #require(try initialise("x", now: 5)?.get())
        let open = try #require(try initialise("y", now: 5)?.get())
        #expect(begin("y", open, now: 5) == .none)
        #expect(coordinator.idle(since: 4).isEmpty)
        #expect(coordinator.idle(since: 5) == ["x"])
        coordinator.forget(id: "x")
        #expect(begin("x", owner, now: 6) == .invalidProducerIDMapping)
        #expect(try initialise("x", now: 6)?.get().producerID == open.producerID + 1)
    }

    @Test("refuses timeouts that are too long, and empty ids")
    mutating func limits() {
        #expect(initialise("x", timeout: 900_001) == .failure(.invalidTransactionTimeout))
        #expect(initialise("x", timeout: 0) == .failure(.invalidTransactionTimeout))
        #expect(initialise("") == .failure(.invalidRequest))
    }
}
