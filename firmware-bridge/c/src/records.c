#include "device.h"

void sedge_count(sedge_tally *counter)
{
    if (!++*counter) {
        --*counter;
    }
}

/* ---- values of the session's records ---- */

static void put_register(const struct sedge_device *device, uint8_t id, struct sedge_writer *out)
{
    const struct sedge_topic *topic = &sedge_config_of(device)->topics[id - 1];
    sedge_put_byte(out, SEDGE_ARRAY_OF(5));
    sedge_put_uint(out, id);
    sedge_put_byte(out, topic->handler ? 1 : 0);
    sedge_put_text(out, topic->name);
    sedge_put_text(out, topic->type);
    sedge_put_text(out, topic->unit);
}

bool sedge_topics_check(struct sedge_device *device)
{
    /* Nothing goes out yet: the frame's memory serves. */
    uint8_t *value = sedge_link_payload(&device->link);
    uint16_t crc = 0xffff;
    for (uint8_t id = 1; id <= sedge_config_of(device)->topic_count; id++) {
        struct sedge_writer out;
        sedge_writer_init(&out, value, SEDGE_VALUE_SIZE);
        put_register(device, id, &out);
        if (out.full) {
            return false;
        }
        crc = sedge_crc16(crc, value, (size_t)(out.at - value));
    }
    sedge_put_le16(device->greeting + SEDGE_AT_TOPICS_CRC, crc);
    return true;
}

#if SEDGE_STATS

static void put_stats(const struct sedge_device *device, struct sedge_writer *out)
{
    const struct sedge_stats *stats = &device->link.stats;
    const sedge_tally *counter = &stats->frames_in;
    sedge_put_byte(out, SEDGE_ARRAY_OF(10));
    do {
        sedge_put_uint(out, *counter);
    } while (counter++ != &stats->dropped);
    sedge_put_uint(out, (uint16_t)(sedge_config_of(device)->buffer_size - device->used));
}

#endif

static void put_value(struct sedge_device *device, uint8_t type, uint8_t argument, struct sedge_writer *out)
{
    if (type == SEDGE_REC_REGISTER) {
        put_register(device, argument, out);
    } else if (type == SEDGE_REC_TIME) {
        sedge_put_raw(out, device->time, device->time_length);
#if SEDGE_STATS
    } else if (type == SEDGE_REC_STATS) {
        put_stats(device, out);
#endif
#if SEDGE_COMMANDS
    } else if (type == SEDGE_REC_RESULT) {
        sedge_result_put(device, argument, out);
#endif
    }
}

/* ---- out ---- */

static bool taken_off(struct sedge_device *device, uint8_t bit)
{
    bool was = device->todo & bit;
    device->todo &= (uint8_t)~bit;
    return was;
}

/* What goes next, marked as on its way. */
static uint8_t choose(struct sedge_device *device, uint8_t *argument)
{
    if (taken_off(device, SEDGE_TODO_TIME)) {
        return SEDGE_REC_TIME;
    }
    if (device->register_next) {
        *argument = device->register_next;
        device->register_next = (uint8_t)(*argument == sedge_config_of(device)->topic_count ? 0 : *argument + 1);
        return SEDGE_REC_REGISTER;
    }
#if SEDGE_COMMANDS
    if (device->todo & SEDGE_TODO_RESULT) {
        *argument = sedge_result_next(device);
        if (*argument != 0xff) {
            return SEDGE_REC_RESULT;
        }
    }
#endif
#if SEDGE_STATS
    if (taken_off(device, SEDGE_TODO_STATS)) {
        return SEDGE_REC_STATS;
    }
#endif
    return sedge_ring_next(device);
}

bool sedge_records_wait(const struct sedge_device *device)
{
    return device->todo || device->register_next || device->flying != device->count;
}

/* The place in the ring of the reading that link number `number` is about: behind those of the numbers before. */
static uint8_t index_of(const struct sedge_device *device, uint8_t number)
{
    uint8_t index = 0;
    while (number != device->link.base) {
        if (device->slot[--number % SEDGE_SLOTS] == SEDGE_REC_READING) {
            index++;
        }
    }
    return index;
}

/* Seals it as it was the first time. */
static uint8_t put_reading(const struct sedge_device *device, const uint8_t *item, uint8_t *record)
{
    sedge_copy(record + 1, item + 1, (uint8_t)(*item - 1));
#if SEDGE_SIGNING
    if (sedge_config_of(device)->sign) {
        record[0] |= SEDGE_SIGNED;
    }
#endif
    return sedge_seal(device, SEDGE_OF_READING, record, *item);
}

SEDGE_APART uint8_t sedge_link_fill(struct sedge_link *link, uint8_t number, uint8_t *payload)
{
    struct sedge_device *device = (struct sedge_device *)link;
    uint8_t *argument = &device->slot_argument[number % SEDGE_SLOTS];
    uint8_t type = device->slot[number % SEDGE_SLOTS];
    const uint8_t *item;
    uint8_t index;
    struct sedge_writer out;
    if (number == link->high) {
        type = choose(device, argument);
        device->slot[number % SEDGE_SLOTS] = type;
    }
    /* Where the counters of the session are used up nothing goes out any more, until sedge_poll ends it. */
    if (!type || device->sent_counter == UINT16_MAX) {
        return 0;
    }
    payload[0] = type | SEDGE_SEALED;
    index = index_of(device, number);
    item = sedge_ring_item(device, index);
    if (type == SEDGE_REC_READING) {
        return put_reading(device, item, payload);
    }
    /* Any other is made anew each time it goes out, under a counter of its own. */
    payload[1] = 0;
    sedge_put_le32(payload + 2, ++device->sent_counter);
    sedge_put_le32(payload + 6, sedge_port_now_ms(sedge_config_of(device)->port));
    sedge_writer_init(&out, payload + SEDGE_RECORD_HEAD, SEDGE_VALUE_SIZE);
    if (type == SEDGE_REC_GAP) {
        sedge_put_byte(&out, SEDGE_ARRAY_OF(2));
        sedge_put_uint(&out, sedge_ring_expected(device, index));
        sedge_put_uint(&out, sedge_get_le32(item + SEDGE_ITEM_COUNTER) - 1);
    } else {
#if SEDGE_COMMANDS
        if (type == SEDGE_REC_RESULT) {
            payload[1] = device->results[*argument].command;
        }
#endif
        put_value(device, type, *argument, &out);
    }
    return sedge_seal(device, SEDGE_OF_DEVICE, payload, (uint8_t)(out.at - payload));
}

void sedge_link_done(struct sedge_link *link, uint8_t number)
{
    struct sedge_device *device = (struct sedge_device *)link;
    uint8_t type = device->slot[number % SEDGE_SLOTS];
    if (type == SEDGE_REC_READING || type == SEDGE_REC_GAP) {
        sedge_ring_done(device, type);
#if SEDGE_COMMANDS
    } else if (type == SEDGE_REC_RESULT) {
        sedge_result_done(device, device->slot_argument[number % SEDGE_SLOTS]);
#endif
    }
}

void sedge_records_land(struct sedge_device *device)
{
    device->todo = 0;
    device->register_next = 0;
    device->flying = 0;
    device->gap = 0;
#if SEDGE_COMMANDS
    sedge_results_land(device);
#endif
}

/* ---- in ---- */

/* `[n]`, which the answer repeats: the bytes will do. */
static bool take_time(struct sedge_device *device, const uint8_t *value, uint8_t length)
{
    if (length > SEDGE_TIME_SIZE) {
        return false;
    }
    sedge_copy(device->time, value, length);
    device->time_length = length;
    device->todo |= SEDGE_TODO_TIME;
    return true;
}

#define FALSE_ITEM 0xf4

/* `[topics wanted, utc, stats interval]` */
static bool take_welcome(struct sedge_device *device, const uint8_t *value, uint8_t length)
{
    uint32_t stats_s = 0;
    if (length < 2 || value[0] != SEDGE_ARRAY_OF(3) || (value[1] & 0xfe) != FALSE_ITEM) {
        return false;
    }
#if SEDGE_STATS
    struct sedge_reader in;
    struct sedge_head utc;
    sedge_reader_init(&in, value + 2, (size_t)length - 2);
    if (!sedge_get_head(&in, &utc) || !sedge_get_uint(&in, &stats_s)) {
        return false;
    }
#endif
    sedge_welcome(device, value[1] & 1, stats_s);
    return true;
}

#if SEDGE_COMMANDS

static enum sedge_taken take_command(struct sedge_device *device, const uint8_t *record, uint8_t length)
{
    struct sedge_reader value;
    sedge_reader_init(&value, record + SEDGE_RECORD_HEAD, length);
    return sedge_command_take(device, record[1], &value);
}

#endif

enum sedge_taken sedge_link_take(struct sedge_link *link, uint8_t *payload, uint8_t length)
{
    struct sedge_device *device = (struct sedge_device *)link;
    uint8_t *value = payload + SEDGE_RECORD_HEAD;
    uint32_t counter = sedge_get_le32(payload + 2);
    bool known = false;
    if (length < SEDGE_RECORD_HEAD + SEDGE_TAG_SIZE || !(payload[0] & SEDGE_SEALED) || counter <= device->host_counter) {
        return SEDGE_REFUSED;
    }
    length = (uint8_t)(length - SEDGE_TAG_SIZE);
    if (!sedge_open(device, payload, length)) {
        return SEDGE_REFUSED;
    }
    length = (uint8_t)(length - SEDGE_RECORD_HEAD);
    switch (payload[0]) {
#if SEDGE_COMMANDS
    case SEDGE_SEALED | SEDGE_REC_COMMAND:
        if (take_command(device, payload, length) == SEDGE_NOT_NOW) {
            return SEDGE_NOT_NOW;
        }
        known = true;
        break;
#endif
    case SEDGE_SEALED | SEDGE_REC_TIME:
        known = take_time(device, value, length);
        break;
    case SEDGE_SEALED | SEDGE_REC_WELCOME:
        known = take_welcome(device, value, length);
        break;
    default:
        break;
    }
    if (!known) {
        SEDGE_NOTE(&link->stats.malformed);
    }
    device->host_counter = counter;
    return SEDGE_TAKEN;
}
