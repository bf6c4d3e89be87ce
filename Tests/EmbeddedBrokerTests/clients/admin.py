"""Topics, partitions, configurations, groups, offsets by time, and records deleted."""

import sys
import time

from confluent_kafka import Consumer, TopicPartition
from confluent_kafka.admin import (
    AdminClient, AlterConfigOpType, ConfigEntry, ConfigResource, NewPartitions, NewTopic)
from kafka import KafkaAdminClient
from support import check, consume, create, produce

address = sys.argv[1]
admin = AdminClient({"bootstrap.servers": address})
create(address, "admin", 2, retention_ms="123456")
try:
    admin.create_topics([NewTopic("admin", 1, 1)])["admin"].result(10)
    check(False, "made twice")
except Exception as error:
    check("TOPIC_ALREADY_EXISTS" in str(error), str(error))
try:
    admin.create_topics([NewTopic("bad", 1, 1, config={"no.such": "1"})])["bad"].result(10)
    check(False, "an unknown configuration was taken")
except Exception as error:
    check("INVALID_CONFIG" in str(error), str(error))
admin.create_partitions([NewPartitions("admin", 4)])["admin"].result(10)
check(len(admin.list_topics("admin", timeout=10).topics["admin"].partitions) == 4, "partitions")
resource = ConfigResource("TOPIC", "admin")
check(admin.describe_configs([resource])[resource].result()["retention.ms"].value == "123456",
      "retention")
change = ConfigResource("TOPIC", "admin", incremental_configs=[
    ConfigEntry("retention.ms", "777", incremental_operation=AlterConfigOpType.SET)])
list(admin.incremental_alter_configs([change]).values())[0].result(10)
check(admin.describe_configs([resource])[resource].result()["retention.ms"].value == "777",
      "changed retention")

create(address, "times")
start = int(time.time() * 1000) - 100_000
from confluent_kafka import Producer
producer = Producer({"bootstrap.servers": address})
for number in range(100):
    producer.produce("times", b"%d" % number, timestamp=start + number * 1000)
producer.flush(10)
consumer = Consumer({"bootstrap.servers": address, "group.id": "times"})
found = consumer.offsets_for_times([TopicPartition("times", 0, start + 41_500)], timeout=10)
check(found[0].offset == 42, f"by time: {found}")
kafka_python = KafkaAdminClient(bootstrap_servers=address)
deleted = admin.delete_records([TopicPartition("times", 0, 30)])
list(deleted.values())[0].result(10)
check(consumer.get_watermark_offsets(TopicPartition("times", 0), timeout=10) == (30, 100),
      "watermarks")
consumer.close()
check(len(consume(address, "times", 70, "times")) == 70, "what is left")
names = [g.group_id for g in admin.list_consumer_groups().result(10).valid]
check("times" in names, f"groups {names}")
described = list(admin.describe_consumer_groups(["times"]).values())[0].result(10)
check(described.state.name == "EMPTY", f"state {described.state}")
list(admin.delete_consumer_groups(["times"]).values())[0].result(10)
names = [g.group_id for g in admin.list_consumer_groups().result(10).valid]
check("times" not in names, "a deleted group")
check(admin.describe_cluster().result(10).controller.id == 0, "cluster")
check("admin" in kafka_python.list_topics(), "kafka-python")
admin.delete_topics(["admin"])["admin"].result(10)
check("admin" not in admin.list_topics(timeout=10).topics, "a deleted topic")
print("ok")
