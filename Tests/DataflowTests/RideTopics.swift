import Dataflow
import Sinks
import Sources

/// Topics of rides, named where tests need several.
enum KafkaSourceOfRides {
    static var first: KafkaSource<Ride> { KafkaSource("first") }
    static var second: KafkaSource<Ride> { KafkaSource("second") }
}

/// Sinks on the same topics.
enum KafkaSinkOfRides {
    static var second: KafkaSink<Ride> { KafkaSink("second") }
    static var third: KafkaSink<Ride> { KafkaSink("third") }
}

/// Dead letters of any source.
typealias DropLetters = DeadLetters<DeadLetter>
