"""Transactions committed, aborted and fenced, with offsets in them."""

import sys
import time

from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition
from support import check, consume, create, produce

address = sys.argv[1]
create(address, "input")
create(address, "output", 2)
produce(address, "input", [b"%d" % n for n in range(100)])

producer = Producer({"bootstrap.servers": address, "transactional.id": "client"})
producer.init_transactions(20)
consumer = Consumer({"bootstrap.servers": address, "group.id": "copy", "enable.auto.commit": False,
                     "auto.offset.reset": "earliest", "session.timeout.ms": 6000})
consumer.subscribe(["input"])
copied, end = 0, time.time() + 30
while copied < 100 and time.time() < end:
    messages = [m for m in consumer.consume(25, 1) if not m.error()]
    if not messages:
        continue
    for attempt in ["abort", "commit"]:
        producer.begin_transaction()
        for message in messages:
            producer.produce("output", attempt.encode() + b" " + message.value())
        producer.flush(20)
        last = messages[-1]
        offsets = [TopicPartition("input", 0, last.offset() + 1, "metadata")]
        producer.send_offsets_to_transaction(offsets, consumer.consumer_group_metadata(), 20)
        if attempt == "abort":
            producer.abort_transaction(20)
        else:
            producer.commit_transaction(20)
    copied += len(messages)
committed = consumer.committed([TopicPartition("input", 0)], timeout=10)[0]
check(committed.offset == 100 and committed.metadata == "metadata", f"offset {committed}")
consumer.close()

read = consume(address, "output", 100, "check", **{"isolation.level": "read_committed"})
check(sorted(read) == sorted(b"commit %d" % n for n in range(100)), f"read {len(read)}")
dirty = consume(address, "output", 200, "dirty", **{"isolation.level": "read_uncommitted"})
check(len(dirty) == 200, f"uncommitted {len(dirty)}")

second = Producer({"bootstrap.servers": address, "transactional.id": "client"})
second.init_transactions(20)
try:
    producer.begin_transaction()
    producer.produce("output", b"zombie")
    producer.commit_transaction(20)
    check(False, "a zombie committed")
except KafkaException as error:
    check(error.args[0].fatal(), f"not fatal: {error}")
second.begin_transaction()
second.produce("output", b"commit 100")
second.commit_transaction(20)
read = consume(address, "output", 101, "last", **{"isolation.level": "read_committed"})
check(len(read) == 101 and b"zombie" not in read, f"read {len(read)}")
print("ok")
