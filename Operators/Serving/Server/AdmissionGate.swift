internal import Synchronization

/// Counts the requests and the bytes that are held, and turns away what would exceed their bounds.
final class AdmissionGate: Sendable {
    private struct Held {
        var requests = 0
        var bytes = 0
    }

    private let held = Mutex(Held())
    private let requestLimit: Int
    private let byteLimit: Int

    init(requests: Int, bytes: Int) {
        requestLimit = requests
        byteLimit = bytes
    }

    /// Requests that are held now.
    var requests: Int { held.withLock { $0.requests } }

    /// Admits a request if there is room; who was admitted leaves, once.
    func admit() -> Admission? {
        let isAdmitted = held.withLock { held in
            guard held.requests < requestLimit else { return false }
            held.requests += 1
            return true
        }
        return isAdmitted ? Admission(gate: self) : nil
    }

    fileprivate func reserve(_ bytes: Int) -> Bool {
        held.withLock { held in
            guard bytes <= byteLimit - held.bytes else { return false }
            held.bytes += bytes
            return true
        }
    }

    fileprivate func giveBack(_ bytes: Int) {
        held.withLock { $0.bytes -= bytes }
    }

    fileprivate func leave(bytes: Int) {
        held.withLock { held in
            held.requests -= 1
            held.bytes -= bytes
        }
    }
}

/// One request's place behind the gate; it is given back by ``leave()``, or with the last reference.
final class Admission: Sendable {
    private let gate: AdmissionGate
    /// Bytes that are held; nil once the place is given back.
    private let bytes = Mutex<Int?>(0)

    fileprivate init(gate: AdmissionGate) {
        self.gate = gate
    }

    deinit {
        leave()
    }

    /// Gives the place back; only the first time counts.
    func leave() {
        let held = bytes.withLock { bytes in
            let held = bytes
            bytes = nil
            return held
        }
        if let held { gate.leave(bytes: held) }
    }

    /// Takes room for `count` further bytes; false when there is none.
    func reserve(_ count: Int) -> Bool {
        guard gate.reserve(count) else { return false }
        let isHeld = bytes.withLock { bytes in
            guard let held = bytes else { return false }
            bytes = held + count
            return true
        }
        if !isHeld { gate.giveBack(count) }
        return isHeld
    }
}
