#include "device.h"

#include <string.h>

#define SIGNATURE_SIZE 64
#define HEAD_SIZE 5

#if SEDGE_SIGNING

#define SIGNED_SIZE (1 + 15 + 9 + 3 * HEAD_SIZE + 2 + SEDGE_SIGNED_NAME_SIZE + SEDGE_VALUE_SIZE)

/* Signs once, when the reading is taken: should the signer give two signatures for one text, only one is ever sealed. */
static bool sign(struct sedge_device *device, struct sedge_item *item, uint8_t *signature)
{
    uint8_t message[SIGNED_SIZE];
    uint8_t id[SEDGE_ID_SIZE];
    struct sedge_writer out;
    sedge_nv_get(device, SEDGE_NV_ID, id, sizeof id);
    sedge_writer_init(&out, message, sizeof message);
    sedge_put_array(&out, 7);
    sedge_put_text(&out, "sedge-device/1");
    sedge_put_bytes(&out, id, sizeof id);
    sedge_put_uint(&out, device->epoch);
    sedge_put_uint(&out, device->last + 1);
    sedge_put_uint(&out, item->t);
    sedge_put_text(&out, device->config->topics[item->topic - 1].name);
    sedge_put_raw(&out, item->parts[0].bytes, item->parts[0].length);
    sedge_put_raw(&out, item->parts[1].bytes, item->parts[1].length);
    if (out.full || !device->config->sign(device, message, (uint16_t)(out.at - message), signature)) {
        return false;
    }
    item->parts[2].bytes = signature;
    item->parts[2].length = SIGNATURE_SIZE;
    item->length += SIGNATURE_SIZE;
    return true;
}

#endif

static bool take(struct sedge_device *device, struct sedge_item *item)
{
#if SEDGE_SIGNING
    uint8_t signature[SIGNATURE_SIZE];
    if (device->config->sign
        && (item->length + SIGNATURE_SIZE > SEDGE_VALUE_SIZE || !sign(device, item, signature))) {
        return false;
    }
#endif
    return sedge_ring_add(device, item);
}

static bool is_reading(const struct sedge_device *device, uint8_t topic)
{
    return topic && topic <= device->config->topic_count && !device->config->topics[topic - 1].handler;
}

/* The value comes in two parts, so that a text or byte string is copied once, into the ring. */
static bool publish(struct sedge_device *device, uint8_t topic, struct sedge_part head, struct sedge_part body)
{
    struct sedge_item item;
    memset(&item, 0, sizeof item);
    item.parts[0] = head;
    item.parts[1] = body;
    item.topic = topic;
    item.t = sedge_port_now_ms(device->config->port);
    item.length = (uint16_t)(head.length + body.length);
    if (!device->epoch || !is_reading(device, topic) || body.length > SEDGE_VALUE_SIZE
        || item.length > SEDGE_VALUE_SIZE || !take(device, &item)) {
        sedge_count(&device->link.stats.not_published);
        return false;
    }
    return true;
}

static struct sedge_part part(const void *bytes, size_t length)
{
    struct sedge_part part;
    part.bytes = (const uint8_t *)bytes;
    part.length = length > UINT16_MAX ? UINT16_MAX : (uint16_t)length;
    return part;
}

bool sedge_publish_float(struct sedge_device *device, uint8_t topic, float value)
{
    uint8_t head[HEAD_SIZE];
    struct sedge_writer out;
    sedge_writer_init(&out, head, sizeof head);
    sedge_put_float(&out, value);
    return publish(device, topic, part(head, HEAD_SIZE), part(NULL, 0));
}

bool sedge_publish_int(struct sedge_device *device, uint8_t topic, int32_t value)
{
    uint8_t head[HEAD_SIZE];
    struct sedge_writer out;
    sedge_writer_init(&out, head, sizeof head);
    sedge_put_int(&out, value);
    return publish(device, topic, part(head, (size_t)(out.at - head)), part(NULL, 0));
}

bool sedge_publish_bool(struct sedge_device *device, uint8_t topic, bool value)
{
    uint8_t head = value ? 0xf5 : 0xf4;
    return publish(device, topic, part(&head, 1), part(NULL, 0));
}

static bool publish_string(struct sedge_device *device, uint8_t topic, uint8_t major, struct sedge_part body)
{
    uint8_t head[HEAD_SIZE];
    struct sedge_writer out;
    sedge_writer_init(&out, head, sizeof head);
    sedge_put_head(&out, major, body.length);
    return publish(device, topic, part(head, (size_t)(out.at - head)), body);
}

bool sedge_publish_text(struct sedge_device *device, uint8_t topic, const char *text)
{
    return publish_string(device, topic, 0x60, part(text, strlen(text)));
}

bool sedge_publish_bytes(struct sedge_device *device, uint8_t topic, const uint8_t *bytes, uint16_t length)
{
    return publish_string(device, topic, 0x40, part(bytes, length));
}

bool sedge_publish_cbor(struct sedge_device *device, uint8_t topic, const uint8_t *cbor, uint16_t length)
{
    struct sedge_reader check;
    sedge_reader_init(&check, cbor, length);
    if (!sedge_skip(&check) || check.at != check.end) {
        sedge_count(&device->link.stats.not_published);
        return false;
    }
    return publish(device, topic, part(cbor, length), part(NULL, 0));
}
