internal import CRdKafka

/// How a process with clients takes memory from the system.
///
/// librdkafka fetches batches of about a megabyte on its own threads, and ours free them. glibc raises the size
/// from which a block is mapped by itself as soon as such a block is freed, up to 32 MB; from then on batches lie in
/// the arenas of a dozen threads, none of which gives anything back.
package enum ClientMemory {
    /// From this size on a block is mapped by itself, and given back when it is freed, in bytes.
    package static let mappedFrom = 256 << 10
    /// How much is kept free at the end of an arena, in bytes.
    static let keptFree = 1 << 20

    /// Fixes both bounds, for the whole process; to be called before the first client is made.
    package static func giveBackBatches() {
        mallopt(M_MMAP_THRESHOLD, Int32(mappedFrom))
        mallopt(M_TRIM_THRESHOLD, Int32(keptFree))
    }
}
