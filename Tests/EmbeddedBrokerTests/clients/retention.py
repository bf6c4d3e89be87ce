"""Retention and compaction as a client sees them; the broker looks after its logs five times a second."""

import sys
import time

from confluent_kafka import Consumer, Producer, TopicPartition
from support import check, create

address = sys.argv[1]
producer = Producer({"bootstrap.servers": address, "linger.ms": 0, "batch.num.messages": 20})
reader = Consumer({"bootstrap.servers": address, "group.id": "retention",
                   "enable.auto.commit": False, "enable.partition.eof": True})


def eventually(what, condition, timeout=20):
    end = time.time() + timeout
    while time.time() < end:
        if condition():
            return
        time.sleep(0.05)
    check(False, what)


def read(topic):
    """All records from the first that is left to the end, by offset."""
    low, high = reader.get_watermark_offsets(TopicPartition(topic, 0), timeout=10)
    reader.assign([TopicPartition(topic, 0, low)])
    records = {}
    while True:
        message = reader.poll(10)
        check(message is not None, f"{topic}: no end of the partition")
        if message.error():
            return low, high, records
        records[message.offset()] = (message.key(), message.value())


# By time: what is an hour old goes, what is new stays.
create(address, "old", 1, retention_ms="60000", segment_bytes="2000")
hour_ago = int(time.time() * 1000) - 3_600_000
for number in range(200):
    producer.produce("old", b"%d" % number, timestamp=hour_ago)
    if number % 20 == 19:
        producer.flush(10)
producer.produce("old", b"new")
producer.flush(10)
eventually("old records stay", lambda: reader.get_watermark_offsets(
    TopicPartition("old", 0), timeout=10)[0] >= 50)
low, high, records = read("old")
check(low < 200 and high == 201 and records[200][1] == b"new", f"{low} {high}")

# By size: about as much as was allowed is left, and it is the newest.
create(address, "large", 1, retention_bytes="5000", segment_bytes="2000")
for number in range(300):
    producer.produce("large", b"%d" % number + b"x" * 90)
    if number % 20 == 19:
        producer.flush(10)
producer.flush(10)
eventually("nothing is dropped by size", lambda: reader.get_watermark_offsets(
    TopicPartition("large", 0), timeout=10)[0] > 200)
low, high, records = read("large")
check(high == 300 and sorted(records) == list(range(low, 300)), "the newest are not left")

# Compaction: of each key the newest at least, at its own offset, and no longer the oldest.
create(address, "compact", 1, cleanup_policy="compact", segment_bytes="2000",
       min_cleanable_dirty_ratio="0.01")
for number in range(1000):
    producer.produce("compact", b"%d" % number, key=b"k%d" % (number % 10))
    if number % 20 == 19:
        producer.flush(10)
producer.flush(10)
eventually("nothing is compacted", lambda: len(read("compact")[2]) < 200)
low, high, records = read("compact")
newest = {key: value for _, (key, value) in sorted(records.items())}
check(newest == {b"k%d" % (n % 10): b"%d" % n for n in range(990, 1000)}, f"{newest}")
check(all(value == b"%d" % offset for offset, (_, value) in records.items()), "offsets moved")
print("ok")
