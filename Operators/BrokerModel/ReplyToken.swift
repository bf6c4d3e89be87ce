/// Names a request that is answered later; the driver knows where the answer goes.
package struct ReplyToken: Hashable, Sendable {
    package var number: UInt64

    package init(_ number: UInt64) {
        self.number = number
    }
}
