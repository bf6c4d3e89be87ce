"""kill -9 in the middle of a rebalance, of admin calls, of transactions, of retention and of compaction."""

import random
import sys
import threading
import time

from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import (
    AdminClient, AlterConfigOpType, ConfigEntry, ConfigResource, NewPartitions, NewTopic)
from support import Broker, check, create, produce

random.seed(7)
broker = Broker(sys.argv[1], "--flush", "ack", "--maintenance-interval", "20")
QUICK = {"bootstrap.servers": broker.address, "reconnect.backoff.max.ms": 200}


def restart(after):
    time.sleep(after)
    broker.kill()
    broker.start()


def eventually(what, condition, timeout=60):
    end = time.time() + timeout
    while not condition():
        check(time.time() < end, what)
        time.sleep(0.02)


# A rebalance: members join while the broker dies, and share all partitions in the end.
create(broker.address, "shared", 6)
produce(broker.address, "shared", [b"%d" % n for n in range(300)])
assigned, read, stop, lock = {}, set(), threading.Event(), threading.Lock()


def member(name):
    consumer = Consumer({**QUICK, "group.id": "shared", "auto.offset.reset": "earliest",
                         "session.timeout.ms": 6000, "heartbeat.interval.ms": 200})
    consumer.subscribe(["shared"])
    while not stop.is_set():
        message = consumer.poll(0.05)
        with lock:
            assigned[name] = [p.partition for p in consumer.assignment()]
            if message and not message.error():
                read.add(message.value())
    consumer.close()


threads = []
for name in range(3):
    threads.append(threading.Thread(target=member, args=(name,)))
    threads[-1].start()
    restart(random.uniform(0, 0.3))


def is_shared():
    with lock:
        places = sorted(sum(assigned.values(), []))
        return len(assigned) == 3 and places == list(range(6)) and all(assigned.values())


eventually("partitions are not shared", is_shared)
eventually("not everything is read", lambda: len(read) == 300)
stop.set()
for thread in threads:
    thread.join()

# Admin calls: what was answered is there after each kill, and what was not may be.
NAMES = [f"admin{n}" for n in range(40)]
admin = AdminClient(QUICK)
done, doubtful, going = {}, set(), threading.Event()


def change(name):
    """One admin call; remembers what it was answered to have done."""
    if name not in done:
        admin.create_topics([NewTopic(name, 2, 1)], request_timeout=10)[name].result()
        done[name] = (2, None)
    elif random.random() < 0.3:
        admin.delete_topics([name], request_timeout=10)[name].result()
        del done[name]
    elif random.random() < 0.5:
        count = done[name][0] + 1
        admin.create_partitions([NewPartitions(name, count)], request_timeout=10)[name].result()
        done[name] = (count, done[name][1])
    else:
        value = str(random.randint(1000, 9999))
        resource = ConfigResource("TOPIC", name, incremental_configs=[ConfigEntry(
            "retention.ms", value, incremental_operation=AlterConfigOpType.SET)])
        admin.incremental_alter_configs([resource], request_timeout=10)[resource].result()
        done[name] = (done[name][0], value)


def administrate():
    while not going.is_set() and len(doubtful) < len(NAMES):
        name = random.choice([name for name in NAMES if name not in doubtful])
        try:
            change(name)
        except KafkaException:
            # Whether it was done is not known: this topic is left alone from here on.
            doubtful.add(name)


thread = threading.Thread(target=administrate)
thread.start()
for _ in range(3):
    restart(random.uniform(0.2, 0.6))
going.set()
thread.join()
topics = admin.list_topics(timeout=20).topics
certain = [name for name in NAMES if name not in doubtful]
check(len(done) > 5 and len(certain) > 5, f"{len(done)} topics, {len(doubtful)} in doubt")
for name in certain:
    check((name in topics) == (name in done), f"{name} is {'not ' if name in done else ''}there")
    if name in done:
        count, value = done[name]
        check(len(topics[name].partitions) == count, f"{name}: {len(topics[name].partitions)}")
        resource = ConfigResource("TOPIC", name)
        found = admin.describe_configs([resource])[resource].result(20)["retention.ms"].value
        check(value is None or found == value, f"{name}: retention {found}, not {value}")

# Transactions over two partitions: what was answered to be committed is there in both, once and in order; what was
# aborted is in neither; and what was not answered is in both or in neither.
create(broker.address, "paid", 2)
verdicts, over = {}, threading.Event()


def payer():
    client = Producer({**QUICK, "transactional.id": "payer", "transaction.timeout.ms": 10000,
                       "linger.ms": 0})
    client.init_transactions(60)
    return client


def pay():
    client, number = None, 0
    while not over.is_set():
        number += 1
        try:
            client = client or payer()
            client.begin_transaction()
            for partition in [0, 1]:
                client.produce("paid", b"%d" % number, partition=partition)
            if number % 4 == 0:
                verdicts[number] = "aborted"
                client.abort_transaction(30)
            else:
                client.commit_transaction(30)
                verdicts[number] = "committed"
        except KafkaException:
            # Whoever comes next with this id ends what is open.
            verdicts.setdefault(number, "doubtful")
            client = None
        time.sleep(0.002)


def count(verdict):
    return list(verdicts.values()).count(verdict)


thread = threading.Thread(target=pay, daemon=True)
thread.start()
for _ in range(6):
    restart(random.uniform(0.2, 0.6))
# On a slow machine few came through so far.
enough = max(20, count("committed") + 5)
eventually("nothing is committed any more",
           lambda: count("committed") > enough and count("aborted") > 5)
over.set()
thread.join()
payer()
consumer = Consumer({**QUICK, "group.id": "auditor", "enable.auto.commit": False,
                     "enable.partition.eof": True, "isolation.level": "read_committed"})


def paid(partition):
    consumer.assign([TopicPartition("paid", partition, 0)])
    numbers = []
    while True:
        message = consumer.poll(30)
        check(message is not None, "paid: no end of the partition")
        if message.error():
            return numbers
        numbers.append(int(message.value()))


numbers = paid(0)
check(numbers == paid(1), "a transaction is in one partition only")
check(numbers == sorted(set(numbers)), "a transaction is there twice or out of order")
for number, verdict in verdicts.items():
    wrong = number in numbers if verdict == "aborted" else number not in numbers
    check(verdict == "doubtful" or not wrong, f"{number} was {verdict}")
consumer.close()

# Retention and compaction: offsets go on, each record stays at its own, the newest keys are there.
create(broker.address, "short", 1, segment_bytes="2000", retention_bytes="5000")
create(broker.address, "compact", 1, segment_bytes="2000", cleanup_policy="compact",
       min_cleanable_dirty_ratio="0.01")
producer = Producer({**QUICK, "enable.idempotence": True, "linger.ms": 1,
                     "batch.num.messages": 10})
failed, TOTAL = [], 4000


def load():
    for number in range(TOTAL):
        for topic in ["short", "compact"]:
            producer.produce(topic, b"%d" % number, key=b"k%d" % (number % 10), partition=0,
                             on_delivery=lambda e, m: failed.append(e) if e else None)
        producer.poll(0)
        time.sleep(0.0008)
    producer.flush(60)


thread = threading.Thread(target=load)
thread.start()
for _ in range(8):
    restart(random.uniform(0.3, 0.7))
thread.join()
check(not failed, f"{failed[:2]}")
reader = Consumer({**QUICK, "group.id": "reader", "enable.auto.commit": False,
                   "enable.partition.eof": True})


def content(topic):
    low, high = reader.get_watermark_offsets(TopicPartition(topic, 0), timeout=20)
    reader.assign([TopicPartition(topic, 0, low)])
    records = {}
    while True:
        message = reader.poll(20)
        check(message is not None, f"{topic}: no end of the partition")
        if message.error():
            return low, high, records
        records[message.offset()] = (message.key(), message.value())


eventually("nothing is dropped", lambda: content("short")[0] > TOTAL - 500)
low, high, records = content("short")
check(high == TOTAL and sorted(records) == list(range(low, high)), f"short: {low} to {high}")
eventually("nothing is compacted", lambda: len(content("compact")[2]) < 500)
_, high, compacted = content("compact")
check(high == TOTAL, f"compact: up to {high}")
for offset, (_, value) in [*records.items(), *compacted.items()]:
    check(value == b"%d" % offset, f"{value} at {offset}")
newest = {key: value for _, (key, value) in sorted(compacted.items())}
check(newest == {b"k%d" % (n % 10): b"%d" % n for n in range(TOTAL - 10, TOTAL)}, f"{newest}")
reader.close()
broker.stop()
print("ok")
