internal import NIOCore

/// Cuts a client's bytes into requests, hands them to the engine and sends the answers in order.
///
/// Reading stops while too many answers are open or the client does not take them, so that the
/// memory of a connection is bounded: by the greatest request, and by the answers below.
final class ConnectionHandler: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = Never
    typealias OutboundOut = IOData

    /// How many requests of one connection may be open.
    static let maximumOpen = 512
    /// From this size on, runs of files are sent by the kernel.
    static let regionFrom = 32 << 10
    /// How much room a request gets before more of it has come.
    static let firstRoom = 1 << 20

    private let server: BrokerServer
    let client: ClientConnection
    private let sendsRegions: Bool
    private var context: ChannelHandlerContext?
    /// The start of a request whose end has not come yet.
    private var partial: ByteBuffer?
    /// Requests that have come and wait for room for their answers.
    private var held: ByteBuffer?
    private var nextSlot: UInt64 = 0
    private var nextAnswer: UInt64 = 0
    private var answers: [UInt64: OutgoingFrame?] = [:]
    private var isReadPending = false
    private var isClosed = false
    private var needsFlush = false

    init(server: BrokerServer, client: ClientConnection, sendsRegions: Bool) {
        self.server = server
        self.client = client
        self.sendsRegions = sendsRegions
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        server.handlers[client.number] = self
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
        server.handlers[client.number] = nil
    }

    func channelInactive(context: ChannelHandlerContext) {
        isClosed = true
        answers = [:]
        partial = nil
        held = nil
        server.engine.closed(client)
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        server.log("connection from \(client.peer): \(error)")
        context.close(promise: nil)
    }

    // MARK: Requests

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var bytes = unwrapInboundIn(data)
        if held == nil { takeRequests(&bytes) } else { held?.writeBuffer(&bytes) }
        flushIfNeeded()
    }

    /// Takes the requests that are there, as long as there is room for their answers.
    private func takeRequests(_ bytes: inout ByteBuffer) {
        if partial != nil { takeIntoPartial(&bytes) }
        while !isClosed, partial == nil, !mustPause, bytes.readableBytes >= 4 {
            guard let length = length(of: bytes) else { return }
            guard bytes.readableBytes >= length + 4 else { break }
            take(bytes.getSlice(at: bytes.readerIndex + 4, length: length))
            bytes.moveReaderIndex(forwardBy: length + 4)
        }
        guard !isClosed, partial == nil, bytes.readableBytes > 0 else { return }
        if mustPause { return held = bytes }
        var missing = 4
        if bytes.readableBytes >= 4 {
            guard let length = length(of: bytes) else { return }
            missing = length + 4 - bytes.readableBytes
        }
        var start = ByteBufferAllocator().buffer(
            capacity: bytes.readableBytes + Self.room(missing, having: bytes.readableBytes))
        start.writeBuffer(&bytes)
        partial = start
    }

    /// The room for the rest of a request: what is announced may never come, so it grows with what
    /// has come.
    private static func room(_ missing: Int, having present: Int) -> Int {
        min(missing, max(firstRoom, present))
    }

    /// The length of the request at the start, nil when the connection was closed for it.
    private func length(of bytes: ByteBuffer) -> Int? {
        let length = Int(bytes.getInteger(at: bytes.readerIndex, as: Int32.self) ?? -1)
        if length >= 8, length <= server.engine.maximumRequest(of: client) { return length }
        close("a request of \(length) bytes")
        return nil
    }

    /// Completes the request that has begun, as far as the bytes go.
    private func takeIntoPartial(_ bytes: inout ByteBuffer) {
        guard var buffer = partial else { return }
        partial = nil
        if buffer.readableBytes < 4 {
            let head = min(4 - buffer.readableBytes, bytes.readableBytes)
            if var part = bytes.readSlice(length: head) { buffer.writeBuffer(&part) }
        }
        guard buffer.readableBytes >= 4 else { return partial = buffer }
        guard let length = length(of: buffer) else { return }
        let missing = length + 4 - buffer.readableBytes
        buffer.reserveCapacity(
            minimumWritableBytes: Self.room(missing, having: buffer.readableBytes))
        if var part = bytes.readSlice(length: min(missing, bytes.readableBytes)) {
            buffer.writeBuffer(&part)
        }
        guard buffer.readableBytes == length + 4 else { return partial = buffer }
        take(buffer.getSlice(at: buffer.readerIndex + 4, length: length))
    }

    private func take(_ request: ByteBuffer?) {
        guard let request, !isClosed else { return }
        let slot = nextSlot
        nextSlot += 1
        request.withUnsafeReadableBytes { bytes in
            do {
                try server.engine.handle(bytes, slot: slot, connection: client, now: server.now)
            } catch {
                let key = request.getInteger(at: request.readerIndex, as: Int16.self) ?? -1
                let version = request.getInteger(at: request.readerIndex + 2, as: Int16.self)
                close("API \(key) version \(version ?? -1): \(error)")
            }
        }
        server.scheduleTick()
    }

    /// Closes the connection because the broker stops.
    func disconnect() {
        isClosed = true
        context?.close(promise: nil)
    }

    /// Closes the connection and says why.
    private func close(_ reason: String) {
        guard !isClosed else { return }
        isClosed = true
        server.log("connection from \(client.peer) closed: \(reason)")
        context?.close(promise: nil)
    }

    /// Takes no more requests, and closes the connection when its answers are out.
    func closeAfterAnswers(_ reason: String) {
        guard !isClosed, let context else { return }
        isClosed = true
        held = nil
        server.log("connection from \(client.peer) closed: \(reason)")
        needsFlush = false
        let promise = context.eventLoop.makePromise(of: Void.self)
        context.writeAndFlush(wrapOutboundOut(.byteBuffer(ByteBuffer())), promise: promise)
        let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
        promise.futureResult.whenComplete { _ in bound.value.close(promise: nil) }
    }

    // MARK: Answers

    /// An answer is there, perhaps before those of earlier requests.
    func answer(_ frame: OutgoingFrame?, slot: UInt64) {
        guard !isClosed, context != nil else { return }
        if slot == nextAnswer {
            write(frame)
            nextAnswer += 1
            while let next = answers.removeValue(forKey: nextAnswer) {
                write(next)
                nextAnswer += 1
            }
        } else {
            answers[slot] = frame
        }
        server.needsFlush(self)
    }

    private func write(_ frame: OutgoingFrame?) {
        guard let frame, let context else { return }
        needsFlush = true
        var position = 0
        for part in frame.parts {
            writeBytes(frame.bytes[position..<part.position], to: context)
            position = part.position
            write(part, to: context)
        }
        writeBytes(frame.bytes[position...], to: context)
    }

    private func writeBytes(_ bytes: ArraySlice<UInt8>, to context: ChannelHandlerContext) {
        guard !bytes.isEmpty else { return }
        var buffer = context.channel.allocator.buffer(capacity: bytes.count)
        buffer.writeBytes(bytes)
        context.write(wrapOutboundOut(.byteBuffer(buffer)), promise: nil)
    }

    private func write(_ part: OutgoingFrame.Part, to context: ChannelHandlerContext) {
        let count = Int(part.range.upperBound - part.range.lowerBound)
        guard count > 0 else { return }
        if sendsRegions, count >= Self.regionFrom, let descriptor = part.file.descriptor,
            let shared = server.handle(for: part.file, descriptor: descriptor)
        {
            let region = FileRegion(
                fileHandle: shared.handle, readerIndex: Int(part.range.lowerBound),
                endIndex: Int(part.range.upperBound))
            let promise = context.eventLoop.makePromise(of: Void.self)
            let kept = NIOLoopBound(shared, eventLoop: context.eventLoop)
            promise.futureResult.whenComplete { _ in withExtendedLifetime(kept.value) {} }
            context.write(wrapOutboundOut(.fileRegion(region)), promise: promise)
            return
        }
        var buffer = context.channel.allocator.buffer(capacity: count)
        var failure: FileError?
        buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: count) { room in
            do throws(FileError) {
                let target = UnsafeMutableRawBufferPointer(rebasing: room[..<count])
                return try part.file.read(into: target, at: part.range.lowerBound)
            } catch {
                failure = error
                return 0
            }
        }
        guard failure == nil, buffer.readableBytes == count else {
            return close("the log could not be read: \(failure.map { "\($0)" } ?? "cut short")")
        }
        context.write(wrapOutboundOut(.byteBuffer(buffer)), promise: nil)
    }

    /// Sends what was written.
    func flushIfNeeded() {
        guard needsFlush, let context else { return }
        needsFlush = false
        context.flush()
        resumeReading()
    }

    // MARK: Backpressure

    private var mustPause: Bool {
        nextSlot - nextAnswer >= UInt64(Self.maximumOpen)
            || !(context?.channel.isWritable ?? true)
    }

    func read(context: ChannelHandlerContext) {
        if mustPause { isReadPending = true } else { context.read() }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        resumeReading()
        context.fireChannelWritabilityChanged()
    }

    private func resumeReading() {
        if !mustPause, var bytes = held {
            held = nil
            takeRequests(&bytes)
        }
        guard isReadPending, !mustPause, let context else { return }
        isReadPending = false
        context.read()
    }
}
