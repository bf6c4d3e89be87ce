import CRdKafka
import KafkaClient
import Testing

@Suite("Memory of a process with clients")
struct ClientMemoryTests {
    @Test("blocks of a batch's size are mapped by themselves, though greater ones were freed")
    func mapped() {
        ClientMemory.giveBackBatches()
        // This is what raises glibc's own bound.
        free(malloc(8 << 20))
        let before = mallinfo2().hblkhd
        let block = malloc(4 << 20)
        defer { free(block) }
        // Other tests map and give back at the same time; hardly this much.
        #expect(mallinfo2().hblkhd >= before + (2 << 20))
    }
}
