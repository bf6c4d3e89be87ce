internal import Records

/// Events on their way, earliest arrival first: a binary heap.
struct ArrivalQueue {
    private var items: [FleetEvent] = []

    var first: FleetEvent? { items.first }

    mutating func push(_ event: FleetEvent) {
        items.append(event)
        var place = items.count - 1
        while place > 0, items[place] < items[(place - 1) / 2] {
            items.swapAt(place, (place - 1) / 2)
            place = (place - 1) / 2
        }
    }

    mutating func pop() -> FleetEvent? {
        guard let top = items.first else { return nil }
        let last = items.removeLast()
        if items.isEmpty { return top }
        items[0] = last
        var place = 0
        while true {
            var child = 2 * place + 1
            if child >= items.count { return top }
            if child + 1 < items.count, items[child + 1] < items[child] { child += 1 }
            if items[place] < items[child] { return top }
            items.swapAt(child, place)
            place = child
        }
    }
}
