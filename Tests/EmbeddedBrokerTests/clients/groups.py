"""Groups whose members come and go: eager, cooperative, static, and kafka-python's."""

import sys
import threading
import time

from confluent_kafka import Consumer
from kafka import KafkaConsumer
from support import check, create, produce

address = sys.argv[1]


def owned(consumer):
    return {p.partition for p in consumer.assignment()}


def settle(consumers, count, timeout=90):
    """Polls until the members own `count` partitions between them, none of them twice."""
    end = time.time() + timeout
    while time.time() < end:
        for consumer in consumers:
            consumer.poll(0.05)
        parts = [owned(c) for c in consumers]
        if sum(map(len, parts)) == count == len(set().union(*parts)) and all(parts):
            return
    check(False, f"the group did not settle: {[owned(c) for c in consumers]}")


for strategy in ["range", "cooperative-sticky"]:
    topic = f"group-{strategy}"
    create(address, topic, 6)

    def member(instance=None):
        config = {
            "bootstrap.servers": address, "group.id": topic, "session.timeout.ms": 30000,
            "heartbeat.interval.ms": 200, "partition.assignment.strategy": strategy,
            "auto.offset.reset": "earliest",
        }
        if instance:
            config["group.instance.id"] = instance
        consumer = Consumer(config)
        consumer.subscribe([topic])
        return consumer

    one = member()
    settle([one], 6)
    two = member()
    settle([one, two], 6)
    three = member()
    settle([one, two, three], 6)
    two.close()
    settle([one, three], 6)
    one.close()
    settle([three], 6)
    three.close()

    static = member("static-1")
    other = member("static-2")
    settle([static, other], 6)
    before = owned(static)
    static.close()
    static = member("static-1")
    settle([static, other], 6)
    if strategy == "range":
        check(owned(static) == before, "a static member lost its partitions")
    static.close()
    other.close()

create(address, "python-group", 3)
produce(address, "python-group", [b"%d" % n for n in range(900)], partitioner="random")
seen, lock = set(), threading.Lock()


def run():
    consumer = KafkaConsumer(
        "python-group", bootstrap_servers=address, group_id="python", session_timeout_ms=30000,
        heartbeat_interval_ms=200, auto_offset_reset="earliest")
    end = time.time() + 90
    while time.time() < end and len(seen) < 900:
        for messages in consumer.poll(200).values():
            with lock:
                seen.update(m.value for m in messages)
    consumer.close()


threads = [threading.Thread(target=run) for _ in range(3)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
check(len(seen) == 900, f"kafka-python's group read {len(seen)} of 900")
print("ok")
