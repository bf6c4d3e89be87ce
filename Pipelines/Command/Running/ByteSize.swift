internal import ArgumentParser

/// A number of bytes as people write it: `512`, `64K`, `300M`, `2G`, each letter 1,024 times the one before.
struct ByteSize: ExpressibleByArgument {
    /// The number.
    let bytes: Int

    /// Reads a number; nil for anything else, for less than 1 and for more than there can be.
    init?(argument: String) {
        let shifts: [Character: Int] = ["K": 10, "M": 20, "G": 30, "T": 40]
        let shift = argument.last.flatMap { shifts[Character($0.uppercased())] }
        guard let number = Int(shift == nil ? argument[...] : argument.dropLast()), number > 0,
            number <= Int.max >> (shift ?? 0)
        else { return nil }
        bytes = number << (shift ?? 0)
    }
}
