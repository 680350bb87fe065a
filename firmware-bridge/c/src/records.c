#include "device.h"

void sedge_count(uint16_t *counter)
{
    if (*counter != UINT16_MAX) {
        (*counter)++;
    }
}

/* ---- values of the session's records ---- */

static const char *type_name(uint8_t type)
{
    switch (type) {
    case SEDGE_FLOAT:
        return "float";
    case SEDGE_INT:
        return "int";
    case SEDGE_BOOL:
        return "bool";
    case SEDGE_TEXT:
        return "text";
    case SEDGE_BYTES:
        return "bytes";
    default:
        return "any";
    }
}

static void put_register(const struct sedge_device *device, uint8_t id, struct sedge_writer *out)
{
    const struct sedge_topic *topic = &device->config->topics[id - 1];
    sedge_put_array(out, 5);
    sedge_put_uint(out, id);
    sedge_put_uint(out, topic->handler ? 1 : 0);
    sedge_put_text(out, topic->name);
    sedge_put_text(out, type_name(topic->type));
    sedge_put_text(out, topic->unit);
}

bool sedge_topics_check(struct sedge_device *device)
{
    /* Nothing goes out yet: the frame's memory serves. */
    uint8_t *value = sedge_link_payload(&device->link) + SEDGE_RECORD_HEAD;
    device->topics_crc = 0xffff;
    for (uint8_t i = 0; i < device->config->topic_count; i++) {
        struct sedge_writer out;
        sedge_writer_init(&out, value, SEDGE_VALUE_SIZE);
        put_register(device, (uint8_t)(i + 1), &out);
        if (out.full) {
            return false;
        }
        device->topics_crc = sedge_crc16(device->topics_crc, value, (size_t)(out.at - value));
    }
    return true;
}

static void put_stats(const struct sedge_device *device, struct sedge_writer *out)
{
    const struct sedge_stats *stats = &device->link.stats;
    const uint16_t counters[] = { stats->bad_crc, stats->too_long, stats->overruns, stats->sent_again,
                                  stats->naks,    stats->refused,  stats->dropped,
                                  (uint16_t)(device->config->buffer_size - device->used) };
    sedge_put_array(out, 10);
    sedge_put_uint(out, stats->frames_in);
    sedge_put_uint(out, stats->frames_out);
    for (uint8_t i = 0; i < sizeof counters / sizeof *counters; i++) {
        sedge_put_uint(out, counters[i]);
    }
}

static void put_gap(struct sedge_device *device, struct sedge_writer *out)
{
    /* Sent again it says the same, whatever was lost since: the host may have taken the first one. */
    if (!device->gap_sent) {
        device->gap_sent = device->gap;
    }
    sedge_put_array(out, 2);
    sedge_put_uint(out, device->first);
    sedge_put_uint(out, device->first + device->gap_sent - 1);
}

static void put_value(struct sedge_device *device, uint8_t type, uint8_t argument, struct sedge_writer *out)
{
    switch (type) {
    case SEDGE_REC_REGISTER:
        put_register(device, argument, out);
        break;
    case SEDGE_REC_TIME:
        sedge_put_array(out, 1);
        sedge_put_uint(out, device->time_n);
        break;
    case SEDGE_REC_STATS:
        put_stats(device, out);
        break;
    case SEDGE_REC_RESULT:
        sedge_result_put(device, argument, out);
        break;
    default:
        put_gap(device, out);
        break;
    }
}

/* ---- out ---- */

/* What goes next, marked as on its way. */
static uint8_t choose(struct sedge_device *device, uint8_t *argument)
{
    uint8_t type;
    if (device->todo & SEDGE_TODO_TIME) {
        device->todo &= (uint8_t)~SEDGE_TODO_TIME;
        return SEDGE_REC_TIME;
    }
    if (device->register_next) {
        *argument = device->register_next;
        device->register_next = (uint8_t)(*argument == device->config->topic_count ? 0 : *argument + 1);
        return SEDGE_REC_REGISTER;
    }
    if (device->todo & SEDGE_TODO_RESULT) {
        *argument = sedge_result_next(device);
        if (*argument != 0xff) {
            return SEDGE_REC_RESULT;
        }
    }
    if (device->todo & SEDGE_TODO_STATS) {
        device->todo &= (uint8_t)~SEDGE_TODO_STATS;
        return SEDGE_REC_STATS;
    }
    type = sedge_ring_next(device);
    if (type == SEDGE_REC_READING) {
        device->flying++;
    }
    return type;
}

bool sedge_records_wait(const struct sedge_device *device)
{
    return device->todo || device->register_next || sedge_ring_next(device);
}

static void put_head(uint8_t *record, uint8_t type, uint8_t topic, uint32_t counter)
{
    record[0] = type | SEDGE_SEALED;
    record[1] = topic;
    sedge_put_le32(record + 2, counter);
}

static uint8_t reading(struct sedge_device *device, uint8_t number, uint8_t *record)
{
    struct sedge_reading reading;
    uint8_t index = 0;
    uint8_t type = SEDGE_REC_READING;
    for (uint8_t n = device->link.base; n != number; n++) {
        if (device->slot[n % SEDGE_SLOTS] == SEDGE_REC_READING) {
            index++;
        }
    }
    sedge_ring_read(device, index, &reading, record + 6);
#if SEDGE_SIGNING
    if (device->config->sign) {
        type |= SEDGE_SIGNED;
    }
#endif
    put_head(record, type, reading.topic, reading.counter);
    return sedge_seal(device, SEDGE_OF_READING, record, (uint8_t)(SEDGE_RECORD_HEAD + reading.length));
}

/* Made anew each time it goes out, under a counter of its own. When the counters are used up nothing goes out any more,
 * and sedge_poll ends the session. */
static uint8_t other(struct sedge_device *device, uint8_t type, uint8_t argument, uint8_t *record)
{
    struct sedge_writer out;
    uint8_t topic = type == SEDGE_REC_RESULT ? device->results[argument].command : 0;
    if (device->sent_counter == UINT32_MAX) {
        return 0;
    }
    sedge_writer_init(&out, record + SEDGE_RECORD_HEAD, SEDGE_VALUE_SIZE);
    put_value(device, type, argument, &out);
    put_head(record, type, topic, ++device->sent_counter);
    sedge_put_le32(record + 6, sedge_port_now_ms(device->config->port));
    return sedge_seal(device, SEDGE_OF_DEVICE, record, (uint8_t)(out.at - record));
}

uint8_t sedge_link_fill(struct sedge_link *link, uint8_t number, uint8_t *payload)
{
    struct sedge_device *device = (struct sedge_device *)link;
    uint8_t *type = &device->slot[number % SEDGE_SLOTS];
    uint8_t *argument = &device->slot_argument[number % SEDGE_SLOTS];
    if (number == link->high) {
        *type = choose(device, argument);
    }
    if (!*type) {
        return 0;
    }
    return *type == SEDGE_REC_READING ? reading(device, number, payload) : other(device, *type, *argument, payload);
}

void sedge_link_done(struct sedge_link *link, uint8_t number)
{
    struct sedge_device *device = (struct sedge_device *)link;
    switch (device->slot[number % SEDGE_SLOTS]) {
    case SEDGE_REC_READING:
        sedge_ring_reading_done(device);
        break;
    case SEDGE_REC_GAP:
        sedge_ring_gap_done(device);
        break;
    case SEDGE_REC_RESULT:
        sedge_result_done(device, device->slot_argument[number % SEDGE_SLOTS]);
        break;
    default:
        break;
    }
}

void sedge_records_land(struct sedge_device *device)
{
    device->todo = 0;
    device->register_next = 0;
    sedge_ring_land(device);
    sedge_results_land(device);
}

/* ---- in ---- */

static void take_time(struct sedge_device *device, struct sedge_reader *value)
{
    uint16_t fields;
    if (sedge_get_array(value, &fields) && fields == 1 && sedge_get_uint(value, &device->time_n)) {
        device->todo |= SEDGE_TODO_TIME;
    } else {
        sedge_count(&device->link.stats.malformed);
    }
}

static enum sedge_taken take_value(struct sedge_device *device, const uint8_t *record, struct sedge_reader *value)
{
    switch (record[0]) {
    case SEDGE_SEALED | SEDGE_REC_COMMAND:
        return sedge_command_take(device, record[1], value);
    case SEDGE_SEALED | SEDGE_REC_TIME:
        take_time(device, value);
        break;
    case SEDGE_SEALED | SEDGE_REC_WELCOME:
        sedge_welcome(device, value);
        break;
    default:
        sedge_count(&device->link.stats.malformed);
        break;
    }
    return SEDGE_TAKEN;
}

enum sedge_taken sedge_link_take(struct sedge_link *link, uint8_t *payload, uint8_t length)
{
    struct sedge_device *device = (struct sedge_device *)link;
    struct sedge_reader value;
    enum sedge_taken taken;
    uint32_t counter;
    if (length < SEDGE_RECORD_HEAD + SEDGE_TAG_SIZE || !(payload[0] & SEDGE_SEALED)) {
        return SEDGE_REFUSED;
    }
    counter = sedge_get_le32(payload + 2);
    if (counter <= device->host_counter || !sedge_open(device, payload, length)) {
        return SEDGE_REFUSED;
    }
    sedge_reader_init(&value, payload + SEDGE_RECORD_HEAD, (size_t)length - SEDGE_RECORD_HEAD - SEDGE_TAG_SIZE);
    taken = take_value(device, payload, &value);
    if (taken == SEDGE_TAKEN) {
        device->host_counter = counter;
    }
    return taken;
}
