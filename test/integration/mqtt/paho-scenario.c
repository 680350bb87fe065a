/* Paho for C against two nodes: prints what it got, a line a message. Arguments: port of A, port of B, 3, 4 or 5. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <MQTTClient.h>

enum { WAIT_MS = 20000, NUMBERS = 60, ASLEEP = 5, BIG = 200000 };

static int version;

static void must(int ok, const char *what) {
  if (ok) return;
  fprintf(stderr, "failed: %s\n", what);
  exit(1);
}

struct session {
  const char *name;
  const char *port;
  int keep;
  const char *will_topic;
};

static MQTTClient open_client(struct session session) {
  MQTTClient client;
  MQTTClient_createOptions create = MQTTClient_createOptions_initializer;
  create.MQTTVersion = version;
  char uri[64], id[64];
  snprintf(uri, sizeof uri, "tcp://127.0.0.1:%s", session.port);
  snprintf(id, sizeof id, "c-%s-%d", session.name, version);
  must(MQTTClient_createWithOptions(&client, uri, id, MQTTCLIENT_PERSISTENCE_NONE, NULL, &create) == 0, "create");

  MQTTClient_connectOptions options = MQTTClient_connectOptions_initializer;
  MQTTClient_connectOptions options5 = MQTTClient_connectOptions_initializer5;
  MQTTClient_connectOptions *chosen = version == MQTTVERSION_5 ? &options5 : &options;
  MQTTClient_willOptions will = MQTTClient_willOptions_initializer;
  chosen->MQTTVersion = version;
  chosen->keepAliveInterval = 30;
  if (session.will_topic != NULL) {
    will.topicName = session.will_topic;
    will.message = "gone";
    will.qos = 1;
    chosen->will = &will;
  }
  if (version == MQTTVERSION_5) {
    MQTTProperties properties = MQTTProperties_initializer;
    MQTTProperty expiry;
    expiry.identifier = MQTTPROPERTY_CODE_SESSION_EXPIRY_INTERVAL;
    expiry.value.integer4 = session.keep ? 600 : 0;
    MQTTProperties_add(&properties, &expiry);
    chosen->cleanstart = !session.keep;
    MQTTResponse response = MQTTClient_connect5(client, chosen, &properties, NULL);
    must(response.reasonCode == MQTTREASONCODE_SUCCESS, "connect");
    MQTTResponse_free(response);
    MQTTProperties_free(&properties);
  } else {
    chosen->cleansession = !session.keep;
    must(MQTTClient_connect(client, chosen) == MQTTCLIENT_SUCCESS, "connect");
  }
  return client;
}

static void subscribe(MQTTClient client, const char *topic, int qos) {
  if (version == MQTTVERSION_5) {
    MQTTResponse response = MQTTClient_subscribe5(client, topic, qos, NULL, NULL);
    must((int)response.reasonCode == qos, "subscribe");
    MQTTResponse_free(response);
  } else must(MQTTClient_subscribe(client, topic, qos) == MQTTCLIENT_SUCCESS, "subscribe");
}

static void publish(MQTTClient client, const char *topic, const void *payload, int length, int qos, int retained) {
  MQTTClient_message message = MQTTClient_message_initializer;
  MQTTClient_deliveryToken token;
  message.payload = (void *)payload;
  message.payloadlen = length;
  message.qos = qos;
  message.retained = retained;
  if (version == MQTTVERSION_5) {
    message.struct_version = 1;
    MQTTResponse response = MQTTClient_publishMessage5(client, topic, &message, &token);
    must(response.reasonCode == MQTTREASONCODE_SUCCESS, "publish");
    MQTTResponse_free(response);
  } else must(MQTTClient_publishMessage(client, topic, &message, &token) == MQTTCLIENT_SUCCESS, "publish");
  if (qos > 0) must(MQTTClient_waitForCompletion(client, token, WAIT_MS) == MQTTCLIENT_SUCCESS, "completion");
}

static void publish_text(MQTTClient client, const char *topic, const char *text, int qos, int retained) {
  publish(client, topic, text, (int)strlen(text), qos, retained);
}

/* The next message; the one who asked frees it. */
static MQTTClient_message *receive(MQTTClient client) {
  char *topic = NULL;
  int length = 0;
  MQTTClient_message *message = NULL;
  int code = MQTTClient_receive(client, &topic, &length, &message, WAIT_MS);
  must((code == MQTTCLIENT_SUCCESS || code == MQTTCLIENT_TOPICNAME_TRUNCATED) && message != NULL, "receive");
  MQTTClient_free(topic);
  return message;
}

static void print_messages(MQTTClient client, const char *what, int count) {
  for (int index = 0; index < count; index++) {
    MQTTClient_message *message = receive(client);
    printf("%s %d %d %.*s\n", what, message->qos, message->retained, message->payloadlen, (char *)message->payload);
    MQTTClient_freeMessage(&message);
  }
}

static void stop(MQTTClient client) {
  MQTTClient_disconnect(client, 1000);
  MQTTClient_destroy(&client);
}

static void send_big(MQTTClient publisher, MQTTClient subscriber, const char *topic) {
  unsigned char *bytes = malloc(BIG);
  must(bytes != NULL, "memory");
  for (int index = 0; index < BIG; index++) bytes[index] = (unsigned char)(index * 7);
  publish(publisher, topic, bytes, BIG, 2, 0);
  MQTTClient_message *message = receive(subscriber);
  printf("big %d %d %s\n", message->qos, message->retained,
         message->payloadlen == BIG && memcmp(message->payload, bytes, BIG) == 0 ? "same" : "other");
  MQTTClient_freeMessage(&message);
  free(bytes);
}

int main(int argc, char **argv) {
  must(argc >= 4, "PORT_A PORT_B VERSION");
  const char *a = argv[1], *b = argv[2];
  version = atoi(argv[3]);
  char order[64], asleep[64], will[64], kept[64], big[64], text[16];
  snprintf(order, sizeof order, "paho-c/%d/order", version);
  snprintf(asleep, sizeof asleep, "paho-c/%d/asleep", version);
  snprintf(will, sizeof will, "paho-c/%d/will", version);
  snprintf(kept, sizeof kept, "paho-c/%d/kept", version);
  snprintf(big, sizeof big, "paho-c/%d/big", version);
  if (argc > 4) {
    /* The one that dies: its socket closes without a DISCONNECT. */
    open_client((struct session){.name = "dying", .port = a, .will_topic = will});
    _exit(0);
  }

  MQTTClient publisher = open_client((struct session){.name = "publisher", .port = a});
  MQTTClient subscriber = open_client((struct session){.name = "subscriber", .port = b});
  subscribe(subscriber, order, 2);
  for (int number = 0; number < NUMBERS; number++) {
    snprintf(text, sizeof text, "%d", number);
    publish_text(publisher, order, text, number % 3, 0);
  }
  print_messages(subscriber, "order", NUMBERS);
  subscribe(subscriber, big, 2);
  send_big(publisher, subscriber, big);

  MQTTClient sleeper = open_client((struct session){.name = "sleeper", .port = b, .keep = 1});
  subscribe(sleeper, asleep, 1);
  stop(sleeper);
  for (int number = 0; number < ASLEEP; number++) {
    snprintf(text, sizeof text, "%d", number);
    publish_text(publisher, asleep, text, 1, 0);
  }
  sleeper = open_client((struct session){.name = "sleeper", .port = b, .keep = 1});
  print_messages(sleeper, "asleep", ASLEEP);
  stop(sleeper);

  MQTTClient watcher = open_client((struct session){.name = "watcher", .port = b});
  subscribe(watcher, will, 1);
  pid_t dying = fork();
  if (dying == 0) {
    execl(argv[0], argv[0], a, b, argv[3], "dying", (char *)NULL);
    _exit(127);
  }
  int status = 1;
  must(dying > 0 && waitpid(dying, &status, 0) == dying && status == 0, "the client that dies");
  print_messages(watcher, "will", 1);

  publish_text(publisher, kept, "value", 1, 1);
  subscribe(watcher, kept, 1);
  print_messages(watcher, "kept", 1);
  publish(publisher, kept, "", 0, 1, 1);
  stop(watcher);
  stop(subscriber);
  stop(publisher);
  return 0;
}
