#include "device.h"

#include <string.h>

#define RESET_EVERY_MS 1000
#define RESET_AGAIN_MS 100
#define SESSION_EVERY_MS 200
#define WELCOME_WITHIN_MS 3000
#define SILENCE_MS 10000
#define BEAT_MS_MAX 60000

#define HELLO_SIZE 17
#define HELLO_TAGGED 11 /* protocol, nonce, mtu, window; utc may differ when it is sent again */
#define HELLO_ACK_SIZE 37
#define PROVISION_SIZE 28

#define CAN_SIGN 1
#define HAS_NO_KEY 2
#define SLEEPS 4

/* ---- session ---- */

static bool in_session(const struct sedge_device *device)
{
    return device->state >= SEDGE_GREETED;
}

static void end_session(struct sedge_device *device)
{
    if (in_session(device)) {
        device->state = SEDGE_NO_SESSION;
    }
    sedge_records_land(device);
    sedge_link_restart(&device->link, 0);
    device->link.beat_ms = RESET_EVERY_MS;
    device->link.timer[SEDGE_TIMER_BEAT] = 0;
}

void sedge_link_lost(struct sedge_link *link)
{
    sedge_count(&link->stats.sessions_lost);
    end_session((struct sedge_device *)link);
}

static uint16_t beat_ms(const struct sedge_device *device)
{
    uint16_t silence = device->config->silence_s;
    if (!silence) {
        return SEDGE_BEAT_MS;
    }
    return silence < BEAT_MS_MAX / 1000 ? (uint16_t)(silence * 1000U) : BEAT_MS_MAX;
}

static uint16_t capped(uint32_t value)
{
    return value > UINT16_MAX ? UINT16_MAX : (uint16_t)value;
}

static void begin_session(struct sedge_device *device, const uint8_t *hello)
{
    memcpy(device->host_nonce, hello + 1, sizeof device->host_nonce);
    device->hello_mtu = hello[9];
    device->hello_window = hello[10];
    device->session++;
    sedge_session_key(device);
    end_session(device);
    sedge_link_restart(&device->link, device->hello_window);
    device->link.beat_ms = beat_ms(device);
    device->link.timer[SEDGE_TIMER_HELLO] = SESSION_EVERY_MS;
    device->sent_counter = 0;
    device->host_counter = 0;
    device->queued_then = device->count;
    device->dropped_then = device->link.stats.dropped;
    device->due = device->link.now + WELCOME_WITHIN_MS;
    device->state = SEDGE_GREETED;
}

/* A HELLO of the session there is: its answer got lost. */
static bool is_known_hello(const struct sedge_device *device, const uint8_t *hello)
{
    return in_session(device) && !memcmp(hello + 1, device->host_nonce, sizeof device->host_nonce)
        && hello[9] == device->hello_mtu && hello[10] == device->hello_window;
}

static bool may_begin(const struct sedge_device *device, const uint8_t *hello)
{
    if (hello[9] < SEDGE_MTU || !hello[10] || device->session == UINT32_MAX) {
        return false;
    }
    /* The nonce of the session with other limits would be two contents under one tag. */
    return !device->link.timer[SEDGE_TIMER_HELLO]
        && !(in_session(device) && !memcmp(hello + 1, device->host_nonce, sizeof device->host_nonce));
}

static void on_hello(struct sedge_device *device, const uint8_t *hello, uint8_t length)
{
    if (length && hello[0] > SEDGE_PROTOCOL) {
        device->todo |= SEDGE_TODO_REFUSE;
    } else if (length != HELLO_SIZE || hello[0] != SEDGE_PROTOCOL || device->state == SEDGE_NV_FAULT) {
        sedge_count(&device->link.stats.refused);
        return;
    } else if (device->state != SEDGE_NO_KEY && !is_known_hello(device, hello)) {
        if (!may_begin(device, hello)) {
            sedge_count(&device->link.stats.refused);
            return;
        }
        begin_session(device, hello);
    }
    sedge_link_control(&device->link, SEDGE_HELLO_ACK);
}

void sedge_welcome(struct sedge_device *device, struct sedge_reader *value)
{
    uint16_t fields;
    bool topics_wanted;
    uint32_t stats_s;
    if (!sedge_get_array(value, &fields) || fields != 3 || !sedge_get_bool(value, &topics_wanted) || !sedge_skip(value)
        || !sedge_get_uint(value, &stats_s)) {
        sedge_count(&device->link.stats.malformed);
        return;
    }
    device->stats_s = capped(stats_s);
    device->due = device->link.now + (uint32_t)device->stats_s * 1000U;
    /* Before the first reading the host learns how late it is here: TIME [0]. */
    device->time_n = 0;
    device->todo |= SEDGE_TODO_TIME;
    device->register_next = topics_wanted && device->config->topic_count ? 1 : 0;
    device->state = SEDGE_ONLINE;
    sedge_link_open(&device->link);
}

/* ---- provisioning ---- */

static bool may_provision(struct sedge_device *device)
{
    bool (*allow)(struct sedge_device *) = device->config->allow_provision;
    return device->state == SEDGE_NO_KEY || (allow && allow(device));
}

static void on_provision(struct sedge_device *device, const uint8_t *provision, uint8_t length)
{
    bool holds = false;
    if (length == PROVISION_SIZE) {
        holds = sedge_nv_holds(device, provision);
        if (!holds && may_provision(device)) {
            holds = sedge_nv_provision(device, provision);
            device->previous = 0;
            device->session = 0;
            sedge_ring_clear(device);
            end_session(device);
        }
    }
    if (holds) {
        sedge_link_control(&device->link, SEDGE_PROVISIONED);
    } else {
        sedge_count(&device->link.stats.refused);
    }
}

/* ---- frames beside DATA ---- */

void sedge_link_other(struct sedge_link *link, uint8_t type, uint8_t *payload, uint8_t length)
{
    struct sedge_device *device = (struct sedge_device *)link;
    if (type == SEDGE_HELLO) {
        on_hello(device, payload, length);
    } else if (type == SEDGE_PROVISION) {
        on_provision(device, payload, length);
    } else if (type && type <= SEDGE_NAK) {
        /* The host believes in a session that is gone: say so at once, ten times a second at most. */
        if (link->timer[SEDGE_TIMER_BEAT] <= RESET_EVERY_MS - RESET_AGAIN_MS) {
            link->timer[SEDGE_TIMER_BEAT] = 0;
        }
    } else {
        sedge_count(&link->stats.unknown_frames);
    }
}

static uint8_t capabilities(const struct sedge_device *device)
{
    uint8_t bits = device->config->silence_s ? SLEEPS : 0;
    if (device->state == SEDGE_NO_KEY) {
        bits |= HAS_NO_KEY;
    }
#if SEDGE_SIGNING
    if (device->config->sign) {
        bits |= CAN_SIGN;
    }
#endif
    return bits;
}

static void put_le16(uint8_t *bytes, uint16_t value)
{
    bytes[0] = (uint8_t)value;
    bytes[1] = (uint8_t)(value >> 8);
}

/* The tag covers what the host said, too; so that is put before the answer, and taken away again. */
static uint8_t put_hello_ack(struct sedge_device *device, uint8_t *payload)
{
    uint8_t *ack = payload + HELLO_TAGGED;
    bool sealed = in_session(device) && !(device->todo & SEDGE_TODO_REFUSE);
    device->todo &= (uint8_t)~SEDGE_TODO_REFUSE;
    memset(payload, 0, HELLO_TAGGED + HELLO_ACK_SIZE + SEDGE_TAG_SIZE);
    payload[0] = SEDGE_PROTOCOL;
    memcpy(payload + 1, device->host_nonce, sizeof device->host_nonce);
    payload[9] = device->hello_mtu;
    payload[10] = device->hello_window;
    ack[0] = SEDGE_PROTOCOL;
    sedge_put_le32(ack + 9, device->config->firmware);
    sedge_put_le32(ack + 13, device->epoch);
    ack[21] = capabilities(device);
    ack[22] = SEDGE_MTU;
    ack[23] = SEDGE_WINDOW;
    ack[24] = device->reset_cause;
    put_le16(ack + 25, device->topics_crc);
    put_le16(ack + 27, device->queued_then);
    put_le16(ack + 29, device->dropped_then);
    sedge_put_le32(ack + 31, device->previous);
    put_le16(ack + 35, device->config->silence_s);
    if (device->state != SEDGE_NO_KEY) {
        sedge_nv_get(device, SEDGE_NV_ID, ack + 1, SEDGE_ID_SIZE);
    }
    if (sealed) {
        sedge_put_le32(ack + 17, device->session);
        sedge_tag_hello_ack(device, payload, HELLO_TAGGED + HELLO_ACK_SIZE);
    }
    memmove(payload, ack, HELLO_ACK_SIZE + SEDGE_TAG_SIZE);
    return HELLO_ACK_SIZE + SEDGE_TAG_SIZE;
}

uint8_t sedge_link_fill_control(struct sedge_link *link, uint8_t type, uint8_t *payload)
{
    struct sedge_device *device = (struct sedge_device *)link;
    switch (type) {
    case SEDGE_HELLO_ACK:
        if (device->state == SEDGE_NO_SESSION && !(device->todo & SEDGE_TODO_REFUSE)) {
            return 0;
        }
        return put_hello_ack(device, payload);
    case SEDGE_PROVISIONED:
        sedge_tag_provisioned(device, payload);
        return SEDGE_ID_SIZE + SEDGE_TAG_SIZE;
    default:
        payload[0] = SEDGE_PROTOCOL;
        payload[1] = device->reset_cause;
        return 2;
    }
}

/* ---- life ---- */

bool sedge_init(struct sedge_device *device, const struct sedge_config *config, enum sedge_reset_cause reset_cause)
{
    memset(device, 0, sizeof *device);
    if (config->buffer_size < 16) {
        return false;
    }
    sedge_link_init(&device->link, config->port);
    device->config = config;
    device->reset_cause = (uint8_t)reset_cause;
    sedge_ring_init(device);
    if (!sedge_topics_check(device)) {
        return false;
    }
    sedge_nv_start(device);
    sedge_ring_clear(device);
    end_session(device);
    return true;
}

static uint32_t patience_ms(const struct sedge_device *device)
{
    uint32_t silence = (uint32_t)device->config->silence_s * 1500U;
    return silence > SILENCE_MS ? silence : SILENCE_MS;
}

static bool is_due(const struct sedge_device *device)
{
    return (int32_t)(device->link.now - device->due) >= 0;
}

static void mind_session(struct sedge_device *device)
{
    struct sedge_link *link = &device->link;
    if (link->now - link->heard >= patience_ms(device) || (device->state == SEDGE_GREETED && is_due(device))
        || device->sent_counter == UINT32_MAX) {
        sedge_link_lost(link);
    } else if (device->state == SEDGE_ONLINE && device->stats_s && is_due(device)) {
        device->todo |= SEDGE_TODO_STATS;
        device->due = link->now + (uint32_t)device->stats_s * 1000U;
    }
}

void sedge_poll(struct sedge_device *device)
{
    struct sedge_link *link = &device->link;
    sedge_link_poll(link);
    if (in_session(device)) {
        mind_session(device);
    }
    if (!in_session(device) && !link->timer[SEDGE_TIMER_BEAT] && !link->control) {
        sedge_link_control(link, SEDGE_RESET);
    }
}

uint32_t sedge_wait_ms(const struct sedge_device *device)
{
    uint32_t wait = sedge_link_wait_ms(&device->link);
    if (device->state == SEDGE_ONLINE) {
        if (sedge_link_may_send(&device->link) && sedge_records_wait(device)) {
            return 0;
        }
        if (device->stats_s && device->due - device->link.now < wait) {
            wait = device->due - device->link.now;
        }
    }
    return wait;
}

enum sedge_state sedge_state(const struct sedge_device *device)
{
    return (enum sedge_state)device->state;
}

uint16_t sedge_pending(const struct sedge_device *device)
{
    return device->count;
}

bool sedge_quiet(const struct sedge_device *device)
{
    return !device->link.tx_length;
}

const struct sedge_stats *sedge_stats(const struct sedge_device *device)
{
    return &device->link.stats;
}

bool sedge_log(struct sedge_device *device, enum sedge_level level, const char *text)
{
    uint8_t *payload = sedge_link_payload(&device->link);
    uint8_t length = 1;
    if (!payload) {
        return false;
    }
    payload[0] = (uint8_t)level;
    while (*text && length < SEDGE_PAYLOAD_SIZE) {
        payload[length++] = (uint8_t)*text++;
    }
    sedge_link_send(&device->link, SEDGE_LOG, length);
    return true;
}
