/// A run of plain values that never changes once it is made: the graph's columns.
///
/// Reading costs a bounds check and no reference counting, unlike an `Array` inside a class, which
/// searches touch millions of times a second. The owner frees it.
package struct FlatArray<Element: BitwiseCopyable>: @unchecked Sendable {
    // Sendable: nobody writes after the initialiser has returned.
    private let start: UnsafeMutablePointer<Element>
    package let count: Int

    init(_ elements: [Element]) {
        count = elements.count
        start = .allocate(capacity: max(1, elements.count))
        elements.withUnsafeBufferPointer { buffer in
            if let source = buffer.baseAddress { start.initialize(from: source, count: count) }
        }
    }

    @inline(__always)
    package subscript(index: Int) -> Element {
        precondition(UInt(bitPattern: index) < UInt(bitPattern: count), "index out of range")
        return start[index]
    }

    @inline(__always)
    package subscript(index: Int32) -> Element { self[Int(index)] }

    func deallocate() {
        start.deallocate()
    }
}
