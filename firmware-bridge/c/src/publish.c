#include "device.h"

#define SIGNATURE_SIZE 64

/* Place of the time in an item of the ring. */
#define SEDGE_ITEM_T (SEDGE_ITEM_COUNTER + 4)

/* An item of the ring in the making, on the stack. */
struct draft {
    uint8_t item[SEDGE_ITEM_HEAD + SEDGE_VALUE_SIZE];
    struct sedge_writer out;
};

static void begin(struct draft *draft)
{
    sedge_writer_init(&draft->out, draft->item + SEDGE_ITEM_HEAD, SEDGE_VALUE_SIZE);
}

#if SEDGE_SIGNING

#define SIGNED_SIZE (1 + 15 + 9 + 3 * 5 + 2 + SEDGE_SIGNED_NAME_SIZE + SEDGE_VALUE_SIZE)

/* Signs once, when the reading is taken: should the signer give two signatures for one text, only one is ever sealed. */
static bool sign(struct sedge_device *device, struct draft *draft)
{
    uint8_t message[SIGNED_SIZE];
    uint8_t *value = draft->item + SEDGE_ITEM_HEAD;
    struct sedge_writer out;
    sedge_writer_init(&out, message, sizeof message);
    sedge_put_array(&out, 7);
    sedge_put_text(&out, "sedge-device/1");
    sedge_put_bytes(&out, device->greeting + SEDGE_AT_ID, SEDGE_ID_SIZE);
    sedge_put_uint(&out, sedge_epoch(device));
    sedge_put_uint(&out, sedge_counter(device) + 1);
    sedge_put_uint(&out, sedge_get_le32(draft->item + SEDGE_ITEM_T));
    sedge_put_text(&out, sedge_config_of(device)->topics[draft->item[1] - 1].name);
    sedge_put_raw(&out, value, (uint16_t)(draft->out.at - value));
    if (out.full || draft->out.end - draft->out.at < SIGNATURE_SIZE
        || !sedge_config_of(device)->sign(device, message, (uint16_t)(out.at - message), draft->out.at)) {
        return false;
    }
    draft->out.at += SIGNATURE_SIZE;
    return true;
}

#endif

static bool take(struct sedge_device *device, uint8_t topic, struct draft *draft)
{
    const struct sedge_config *config = sedge_config_of(device);
    if (draft->out.full || !topic || topic > config->topic_count || config->topics[topic - 1].handler
        || (device->state < SEDGE_NO_SESSION)) {
        return false;
    }
    draft->item[1] = topic;
    sedge_put_le32(draft->item + SEDGE_ITEM_T, sedge_port_now_ms(config->port));
#if SEDGE_SIGNING
    if (config->sign && !sign(device, draft)) {
        return false;
    }
#endif
    draft->item[0] = (uint8_t)(draft->out.at - draft->item);
    return sedge_ring_add(device, draft->item);
}

static bool publish(struct sedge_device *device, uint8_t topic, struct draft *draft)
{
    bool taken = take(device, topic, draft);
    if (!taken) {
        SEDGE_NOTE(&device->link.stats.not_published);
    }
    return taken;
}

bool sedge_publish_float(struct sedge_device *device, uint8_t topic, float value)
{
    struct draft draft;
    begin(&draft);
    sedge_put_float(&draft.out, value);
    return publish(device, topic, &draft);
}

bool sedge_publish_int(struct sedge_device *device, uint8_t topic, int32_t value)
{
    struct draft draft;
    begin(&draft);
    sedge_put_int(&draft.out, value);
    return publish(device, topic, &draft);
}

bool sedge_publish_bool(struct sedge_device *device, uint8_t topic, bool value)
{
    struct draft draft;
    begin(&draft);
    sedge_put_bool(&draft.out, value);
    return publish(device, topic, &draft);
}

bool sedge_publish_text(struct sedge_device *device, uint8_t topic, const char *text)
{
    struct draft draft;
    begin(&draft);
    sedge_put_text(&draft.out, text);
    return publish(device, topic, &draft);
}

bool sedge_publish_bytes(struct sedge_device *device, uint8_t topic, const uint8_t *bytes, uint16_t length)
{
    struct draft draft;
    begin(&draft);
    sedge_put_bytes(&draft.out, bytes, length);
    return publish(device, topic, &draft);
}

bool sedge_publish_cbor(struct sedge_device *device, uint8_t topic, const uint8_t *cbor, uint16_t length)
{
    struct draft draft;
    struct sedge_reader check;
    begin(&draft);
    sedge_reader_init(&check, cbor, length);
    draft.out.full = !sedge_skip(&check) || check.at != check.end;
    sedge_put_raw(&draft.out, cbor, length);
    return publish(device, topic, &draft);
}

/* Made of shifts: the exponent of the highest bit, the 23 bits below it (rounded towards zero), the sign. */
bool sedge_publish_fixed(struct sedge_device *device, uint8_t topic, int32_t value, uint8_t fraction_bits)
{
    uint32_t bits = value < 0 ? 0U - (uint32_t)value : (uint32_t)value;
    uint8_t exponent = (uint8_t)(127 + 30 - fraction_bits);
    float made;
    if (bits) {
        for (; !(bits & 0x80000000); bits <<= 1) {
            exponent--;
        }
        /* The highest bit makes the exponent one larger. */
        bits = (bits >> 8) + ((uint32_t)(uint16_t)(exponent << 7) << 16);
        if (value < 0) {
            bits |= 0x80000000;
        }
    }
    memcpy(&made, &bits, sizeof made);
    return sedge_publish_float(device, topic, made);
}
