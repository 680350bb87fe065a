"""Paho for Python against two nodes: prints what it got as a line of JSON. Arguments: port of A, port of B, 4 or 5."""

import json
import sys
import threading

import paho.mqtt.client as mqtt
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

PORT_A, PORT_B, VERSION = int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
WAIT = 20


class Client:
    """A client whose calls wait for their answers."""

    def __init__(self, name, port, keep=False, will=None):
        options = {} if VERSION == 5 else {"clean_session": not keep}
        self.client = mqtt.Client(name, protocol=VERSION, **options)
        self.messages = []
        self.changed = threading.Condition()
        self.client.on_message = self._on_message
        self.client.on_connect = lambda *_: self._set("connected")
        self.client.on_subscribe = lambda *_: self._set("subscribed")
        self.events = set()
        if will is not None:
            self.client.will_set(*will)
        if VERSION == 5:
            properties = Properties(PacketTypes.CONNECT)
            properties.SessionExpiryInterval = 600 if keep else 0
            self.client.connect("127.0.0.1", port, clean_start=not keep, properties=properties)
        else:
            self.client.connect("127.0.0.1", port)
        self.client.loop_start()
        self.wait(lambda: "connected" in self.events)

    def _set(self, event):
        with self.changed:
            self.events.add(event)
            self.changed.notify_all()

    def _on_message(self, _client, _data, message):
        with self.changed:
            self.messages.append(message)
            self.changed.notify_all()

    def wait(self, condition):
        with self.changed:
            if not self.changed.wait_for(condition, WAIT):
                raise SystemExit("waited in vain")

    def subscribe(self, topic, qos):
        self.events.discard("subscribed")
        self.client.subscribe(topic, qos)
        self.wait(lambda: "subscribed" in self.events)

    def publish(self, topic, payload, qos=1, **options):
        info = self.client.publish(topic, payload, qos, **options)
        info.wait_for_publish(WAIT)

    def payloads(self, count):
        self.wait(lambda: len(self.messages) >= count)
        return [message.payload.decode() for message in self.messages]

    def stop(self):
        self.client.disconnect()
        self.client.loop_stop()

    def vanish(self):
        """The connection is gone without a word."""
        self.client._sock.close()
        self.client.loop_stop()


prefix = f"paho/{VERSION}"
result = {}

publisher = Client(f"publisher-{VERSION}", PORT_A)
subscriber = Client(f"subscriber-{VERSION}", PORT_B)
subscriber.subscribe(f"{prefix}/order", 2)
for number in range(200):
    publisher.publish(f"{prefix}/order", str(number), qos=number % 3)
result["order"] = subscriber.payloads(200)

sleeper = Client(f"sleeper-{VERSION}", PORT_B, keep=True)
sleeper.subscribe(f"{prefix}/asleep", 1)
sleeper.stop()
for number in range(5):
    publisher.publish(f"{prefix}/asleep", str(number))
woken = Client(f"sleeper-{VERSION}", PORT_B, keep=True)
result["asleep"] = woken.payloads(5)
woken.stop()

watcher = Client(f"watcher-{VERSION}", PORT_B)
watcher.subscribe(f"{prefix}/will", 1)
Client(f"dying-{VERSION}", PORT_A, will=(f"{prefix}/will", "gone", 1)).vanish()
result["will"] = watcher.payloads(1)
watcher.stop()

publisher.publish(f"{prefix}/kept", "value", retain=True)
late = Client(f"late-{VERSION}", PORT_A)
late.subscribe(f"{prefix}/kept", 1)
result["kept"] = [late.payloads(1)[0], late.messages[0].retain]
late.stop()

if VERSION == 5:
    subscriber.messages.clear()
    subscriber.subscribe(f"{prefix}/properties", 1)
    properties = Properties(PacketTypes.PUBLISH)
    properties.ContentType = "application/json"
    properties.ResponseTopic = f"{prefix}/answers"
    properties.CorrelationData = b"\x00\xff"
    properties.UserProperty = [("b", "1"), ("a", "2"), ("b", "3")]
    publisher.publish(f"{prefix}/properties", "{}", properties=properties)
    subscriber.payloads(1)
    got = subscriber.messages[0].properties
    result["properties"] = {
        "contentType": got.ContentType,
        "responseTopic": got.ResponseTopic,
        "correlationData": got.CorrelationData.hex(),
        "userProperty": got.UserProperty,
    }

publisher.stop()
subscriber.stop()
print(json.dumps(result))
