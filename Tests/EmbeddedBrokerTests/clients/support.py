"""What the client scripts share: the broker as a process, and short forms of the clients."""

import atexit
import os
import signal
import subprocess
import sys
import threading
import time

from confluent_kafka import Consumer, Producer
from confluent_kafka.admin import AdminClient, NewTopic

BINARY = os.environ.get("MILLRACE_BINARY", "")


def check(condition, message):
    if not condition:
        print("FAILED:", message, flush=True)
        sys.exit(1)


class Broker:
    """`millrace dev broker` on a free port, which it keeps over restarts."""

    def __init__(self, data, *options):
        self.data, self.options, self.port = data, options, 0
        self.process = None
        self.start()

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    def start(self):
        command = [BINARY, "dev", "broker", "--data", self.data]
        command += ["--listen", f"127.0.0.1:{self.port}", *self.options]
        self.process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        # A script that fails leaves none behind.
        atexit.register(self.process.kill)
        for line in self.process.stderr:
            if "listening on" in line:
                self.port = int(line.split("listening on ")[1].split(",")[0].split(":")[1])
                # What it says later must not fill the pipe.
                self.reader = threading.Thread(target=self.process.stderr.read, daemon=True)
                self.reader.start()
                return
        check(False, "the broker did not start")

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.reader.join()
        self.process.stderr.close()

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        check(self.process.wait(30) == 0, "the broker did not stop by itself")
        self.reader.join()
        self.process.stderr.close()


def create(address, name, partitions=1, **config):
    admin = AdminClient({"bootstrap.servers": address})
    config = {key.replace("_", "."): value for key, value in config.items()}
    admin.create_topics([NewTopic(name, partitions, 1, config=config)])[name].result(20)


def produce(address, topic, values, **config):
    errors = []
    producer = Producer({"bootstrap.servers": address, "linger.ms": 2, **config})
    for value in values:
        producer.produce(topic, value, on_delivery=lambda e, m: errors.append(e) if e else None)
        producer.poll(0)
    check(producer.flush(30) == 0, "not everything was delivered")
    check(not errors, f"delivery: {errors[:3]}")


def consume(address, topic, count, group, timeout=30, **config):
    consumer = Consumer({
        "bootstrap.servers": address, "group.id": group, "auto.offset.reset": "earliest",
        "enable.auto.commit": False, "session.timeout.ms": 6000, **config,
    })
    consumer.subscribe([topic])
    values, end = [], time.time() + timeout
    while len(values) < count and time.time() < end:
        for message in consumer.consume(1000, 0.2):
            if not message.error():
                values.append(message.value())
    if values:
        consumer.commit(asynchronous=False)
    consumer.close()
    return values
