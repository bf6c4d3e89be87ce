internal import Dataflow
internal import Foundation
public import Records
internal import RoadNetwork

/// Numbers that stand for users, so that vehicles can be told apart where nobody shall know whose they are.
///
/// They are keyed hashes (SipHash-2-4) of the user's id: who doesn't know the key can't find the number of a user,
/// nor try ids until one fits. The same key gives the same numbers, on every worker and when history is processed
/// again.
public struct Pseudonyms: Sendable {
    /// The fewest bytes of a key.
    public static let leastKeyBytes = 16
    private static let day: Int64 = 86_400_000

    private let key: KeyedHash
    private let week: WeekClock

    /// Makes the pseudonyms of a key; the key of no bytes is known to everybody, and good for development only.
    ///
    /// - Parameter week: the clocks that tell at which time of the week a user passes.
    public init(key bytes: [UInt8] = [], week: WeekClock = WeekClock()) {
        self.week = week
        key = KeyedHash(0x6d69_6c6c_7261_6365, 0x7472_6166_6669_6321).derived(bytes)
    }

    /// Makes the pseudonyms of the key in a file; an empty path is the key of no bytes.
    ///
    /// - Throws: `DataflowError` for a file that can't be read, or is too short to be a secret.
    public init(keyFile path: String, week: WeekClock = WeekClock()) throws {
        guard !path.isEmpty else {
            self.init(week: week)
            return
        }
        guard let bytes = FileManager.default.contents(atPath: path),
            bytes.count >= Pseudonyms.leastKeyBytes
        else {
            throw DataflowError(
                .invalidConfiguration, domain: .user,
                "the file of the pseudonyms' key can't be read, or holds fewer than \(Pseudonyms.leastKeyBytes) bytes"
            )
        }
        self.init(key: [UInt8](bytes), week: week)
    }

    /// Tells two keys apart, and the clocks that they go by, and nothing else.
    var mark: UInt32 {
        let zone = week.timeZone == WeekClock.universal ? "" : week.timeZone
        return UInt32(truncatingIfNeeded: key.derived([0xfe]).hash(zone.utf8))
    }

    /// A user on the day (UTC) of a time: on another day it has another number.
    public func vehicle(_ userID: String, at time: EventTime) -> UInt64 {
        let (quotient, rest) = time.milliseconds.quotientAndRemainder(
            dividingBy: Pseudonyms.day)
        return key.derived(Pseudonyms.bytes(rest < 0 ? quotient - 1 : quotient)).hash(userID.utf8)
    }

    /// A user on a segment at a time of the week: elsewhere, and at another time, it has another number.
    ///
    /// It stays from week to week, so that who passes there every Monday is one vehicle.
    func visitor(_ userID: String, _ segment: SegmentID, _ time: EventTime) -> UInt64 {
        let place =
            Pseudonyms.bytes(segment.rawValue) + Pseudonyms.bytes(week.bin(of: time).rawValue)
        return key.derived([0xff] + place).hash(userID.utf8)
    }

    private static func bytes<Value: FixedWidthInteger>(_ value: Value) -> [UInt8] {
        withUnsafeBytes(of: value.littleEndian) { Array($0) }
    }
}
