"""Produce and consume with every codec, by librdkafka and by kafka-python."""

import sys

from kafka import KafkaConsumer, KafkaProducer
from support import check, consume, create, produce

address = sys.argv[1]
for codec in ["none", "gzip", "snappy", "lz4", "zstd"]:
    topic = f"codec-{codec}"
    create(address, topic)
    values = [f"{codec} {number} {'x' * 50}".encode() for number in range(2000)]
    produce(address, topic, values, **{"compression.type": codec, "enable.idempotence": True})
    check(consume(address, topic, 2000, "codecs") == values, f"{codec}: what came out differs")
    consumer = KafkaConsumer(
        topic, bootstrap_servers=address, auto_offset_reset="earliest", consumer_timeout_ms=500
    ) if codec in ("none", "gzip") else None
    if consumer:
        check([m.value for m in consumer] == values, f"{codec}: kafka-python reads otherwise")
        consumer.close()

create(address, "by-kafka-python")
producer = KafkaProducer(bootstrap_servers=address, compression_type="gzip")
for number in range(500):
    producer.send("by-kafka-python", b"%d" % number)
producer.flush()
producer.close()
check(len(consume(address, "by-kafka-python", 500, "codecs")) == 500, "kafka-python to librdkafka")
print("ok")
