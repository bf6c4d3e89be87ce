"""kill -9 and restart in the middle of producing, of a group and of a transaction."""

import sys
import threading
import time

from confluent_kafka import Consumer, Producer, TopicPartition
from support import Broker, check, consume, create

broker = Broker(sys.argv[1])
create(broker.address, "load")

# Producing goes on while the broker is killed twice; nothing is lost, doubled or out of order.
done, errors = [], []
producer = Producer({"bootstrap.servers": broker.address, "enable.idempotence": True,
                     "reconnect.backoff.max.ms": 200, "linger.ms": 1})


def load():
    for number in range(3000):
        producer.produce("load", b"%d" % number, on_delivery=lambda e, m: (
            errors.append(e) if e else done.append(m.value())))
        producer.poll(0)
        time.sleep(0.0005)
    producer.flush(60)


thread = threading.Thread(target=load)
thread.start()
for _ in range(2):
    time.sleep(0.6)
    broker.kill()
    broker.start()
thread.join()
check(not errors and len(done) == 3000, f"{len(done)} acknowledged, {errors[:2]}")
read = consume(broker.address, "load", 3000, "reader")
check(read == [b"%d" % n for n in range(3000)], f"read {len(read)}")

# A member outlives the broker: same generation, same partitions, nothing read twice.
create(broker.address, "grouped", 2)
member = Consumer({"bootstrap.servers": broker.address, "group.id": "stays",
                   "session.timeout.ms": 10000, "heartbeat.interval.ms": 200,
                   "auto.offset.reset": "earliest", "reconnect.backoff.max.ms": 200})
rebalances = []
member.subscribe(["grouped"], on_assign=lambda c, p: rebalances.append(len(p)))
end = time.time() + 20
while not rebalances and time.time() < end:
    member.poll(0.1)
broker.kill()
broker.start()
end = time.time() + 4
while time.time() < end:
    member.poll(0.1)
check(rebalances == [2], f"rebalances {rebalances}")
member.close()

# A transaction that is open when the broker dies can still be committed, with the offset in it.
create(broker.address, "tx")
producer = Producer({"bootstrap.servers": broker.address, "transactional.id": "t",
                     "reconnect.backoff.max.ms": 200})
producer.init_transactions(20)
copier = Consumer({"bootstrap.servers": broker.address, "group.id": "copier",
                   "reconnect.backoff.max.ms": 200})
for outcome in ["commit", "abort"]:
    producer.begin_transaction()
    producer.produce("tx", outcome.encode())
    producer.flush(20)
    # Once only: librdkafka 2.16 remembers its group coordinator over the broker's restart by a handle
    # that it is about to free, and waits for that one for ever.
    if outcome == "commit":
        producer.send_offsets_to_transaction(
            [TopicPartition("load", 0, 10)], copier.consumer_group_metadata(), 20)
    broker.kill()
    broker.start()
    producer.produce("tx", outcome.encode() + b" 2")
    if outcome == "commit":
        producer.commit_transaction(30)
    else:
        producer.abort_transaction(30)
broker.kill()
broker.start()
committed = consume(broker.address, "tx", 2, "tx", **{"isolation.level": "read_committed"})
check(committed == [b"commit", b"commit 2"], f"committed {committed}")
offset = copier.committed([TopicPartition("load", 0)], timeout=20)[0].offset
check(offset == 10, f"offset {offset}")
copier.close()
broker.stop()
broker.start()
check(len(consume(broker.address, "load", 3000, "again")) == 3000, "after a clean stop")
broker.stop()
print("ok")
