#include "device.h"

#define RESET_EVERY_MS 1000
#define RESET_AGAIN_MS 100
#define SESSION_EVERY_MS 200
#define WELCOME_WITHIN_MS 3000
#define UNHEARD_MAX 8
#define SECONDS_MAX 60 /* that a timer of 16 bits holds */

#define HELLO_SIZE 17

#define CAN_SIGN 1
#define HAS_NO_KEY 2
#define SLEEPS 4

/* ---- session ---- */

static bool in_session(const struct sedge_device *device)
{
    return device->state >= SEDGE_GREETED;
}

static uint16_t timer_ms(uint32_t seconds)
{
    return (uint16_t)((seconds < SECONDS_MAX ? (uint8_t)seconds : SECONDS_MAX) * 1000U);
}

static uint16_t capped(sedge_tally count)
{
    return count < UINT16_MAX ? (uint16_t)count : UINT16_MAX;
}

/* Without a session, RESET is due at once. */
static void end_session(struct sedge_device *device)
{
    if (in_session(device)) {
        device->state = SEDGE_NO_SESSION;
    }
    sedge_records_land(device);
    sedge_link_restart(&device->link);
    device->link.beat_ms = RESET_EVERY_MS;
    device->link.timer[SEDGE_TIMER_BEAT] = 0;
}

void sedge_link_lost(struct sedge_link *link)
{
    SEDGE_NOTE(&link->stats.sessions_lost);
    end_session((struct sedge_device *)link);
}

/* The next number, in place. False: there is none left; this boot has no sessions any more. */
static bool count_session(uint8_t *greeting)
{
    uint8_t *byte = greeting + SEDGE_AT_SESSION;
    uint32_t session = sedge_get_le32(byte) + 1;
    if (!session) {
        return false;
    }
    sedge_put_le32(byte, session);
    return true;
}

static bool begin_session(struct sedge_device *device, const uint8_t *hello)
{
    struct sedge_link *link = &device->link;
    uint8_t *greeting = device->greeting;
    if (hello[SEDGE_AT_HELLO_MTU] < SEDGE_MTU || !hello[SEDGE_AT_HELLO_WINDOW]
        || link->timer[SEDGE_TIMER_HELLO] > WELCOME_WITHIN_MS - SESSION_EVERY_MS || !count_session(greeting)) {
        return false;
    }
    end_session(device);
    sedge_copy(greeting, hello, SEDGE_HELLO_TAGGED);
    /* As of now: HELLO_ACK has to be the same when it is sent again. */
    sedge_put_le16(greeting + SEDGE_AT_QUEUED, device->count);
    sedge_put_le16(greeting + SEDGE_AT_DROPPED, capped(link->stats.dropped));
    sedge_session_key(device);
    (void)sedge_seal(device, SEDGE_OF_HELLO_ACK, greeting, SEDGE_GREETING_SIZE);
    sedge_link_start(link, hello[SEDGE_AT_HELLO_WINDOW]);
    link->beat_ms = sedge_config_of(device)->silence_s ? timer_ms(sedge_config_of(device)->silence_s) : SEDGE_BEAT_MS;
    link->timer[SEDGE_TIMER_HELLO] = WELCOME_WITHIN_MS;
    device->sent_counter = 0;
    device->host_counter = 0;
#if SEDGE_STATS
    device->stats_ms = 0;
#endif
    device->state = SEDGE_GREETED;
    return true;
}

/* What a HELLO has to be answered with HELLO_ACK; false: it is not. The HELLO of the session there is means that the
 * answer got lost. The same nonce with another mtu or window would be two contents under one tag: refused. */
static bool follow_hello(struct sedge_device *device, const uint8_t *hello, uint8_t length)
{
    if (length && hello[0] > SEDGE_PROTOCOL) {
        device->todo |= SEDGE_TODO_REFUSE;
        return true;
    }
    if (length != HELLO_SIZE || hello[0] != SEDGE_PROTOCOL || device->state == SEDGE_NV_FAULT) {
        return false;
    }
    if (device->state == SEDGE_NO_KEY) {
        return true;
    }
    if (in_session(device) && !memcmp(hello, device->greeting, SEDGE_AT_HELLO_MTU)) {
        return !memcmp(hello, device->greeting, SEDGE_HELLO_TAGGED);
    }
    return begin_session(device, hello);
}

void sedge_welcome(struct sedge_device *device, bool topics_wanted, uint32_t stats_s)
{
#if SEDGE_STATS
    device->stats_ms = timer_ms(stats_s);
    device->link.timer[SEDGE_TIMER_STATS] = device->stats_ms;
#else
    (void)stats_s;
#endif
    /* Before the first reading the host learns how late it is here: TIME [0]. */
    device->time[0] = 0x81;
    device->time[1] = 0;
    device->time_length = 2;
    device->todo |= SEDGE_TODO_TIME;
    device->register_next = topics_wanted && sedge_config_of(device)->topic_count;
    device->state = SEDGE_ONLINE;
    sedge_link_open(&device->link);
}

/* ---- provisioning ---- */

static void set_capabilities(struct sedge_device *device)
{
    uint8_t bits = sedge_config_of(device)->silence_s ? SLEEPS : 0;
    if (device->state == SEDGE_NO_KEY) {
        bits |= HAS_NO_KEY;
    }
#if SEDGE_SIGNING
    if (sedge_config_of(device)->sign) {
        bits |= CAN_SIGN;
    }
#endif
    device->greeting[SEDGE_AT_CAPABILITIES] = bits;
}

/* A key is there, or not; all begins anew. */
static void start(struct sedge_device *device)
{
    set_capabilities(device);
    sedge_ring_clear(device);
    end_session(device);
}

static bool holds(const struct sedge_device *device, const uint8_t *provision)
{
    struct sedge_key_slot slot;
    return sedge_nv_key(device, &slot) && !memcmp(slot.id, provision, SEDGE_PROVISION_SIZE);
}

/* The same key again means that the answer got lost. */
static bool follow_provision(struct sedge_device *device, const uint8_t *provision, uint8_t length)
{
    struct sedge_key_slot slot;
    if (length != SEDGE_PROVISION_SIZE) {
        return false;
    }
    if (holds(device, provision)) {
        return true;
    }
    if (device->state != SEDGE_NO_KEY
        && !(sedge_config_of(device)->allow_provision && sedge_config_of(device)->allow_provision(device))) {
        return false;
    }
    sedge_copy(slot.id, provision, SEDGE_PROVISION_SIZE);
    sedge_nv_provision(device, &slot);
    start(device);
    return holds(device, provision);
}

/* ---- frames beside DATA ---- */

void sedge_link_other(struct sedge_link *link, uint8_t type, uint8_t *payload, uint8_t length)
{
    struct sedge_device *device = (struct sedge_device *)link;
    bool follows = true;
    if (type == SEDGE_HELLO) {
        follows = follow_hello(device, payload, length);
    } else if (type == SEDGE_PROVISION) {
        follows = follow_provision(device, payload, length);
    } else if (type && type <= SEDGE_NAK) {
        /* The host believes in a session that is gone: say so at once, ten times a second at most. */
        if (link->timer[SEDGE_TIMER_BEAT] <= RESET_EVERY_MS - RESET_AGAIN_MS) {
            link->timer[SEDGE_TIMER_BEAT] = 0;
        }
        return;
    } else {
        SEDGE_NOTE(&link->stats.unknown_frames);
        return;
    }
    if (follows) {
        sedge_link_control(link, (uint8_t)(type + 1));
    } else {
        SEDGE_NOTE(&link->stats.refused);
    }
}

static uint8_t put_hello_ack(struct sedge_device *device, uint8_t *payload)
{
    bool refuse = device->todo & SEDGE_TODO_REFUSE;
    device->todo &= (uint8_t)~SEDGE_TODO_REFUSE;
    sedge_copy(payload, device->greeting + SEDGE_AT_ACK, SEDGE_HELLO_ACK_SIZE + SEDGE_TAG_SIZE);
    if (!in_session(device) || refuse) {
        if (device->state == SEDGE_NO_SESSION && !refuse) {
            return 0;
        }
        sedge_wipe(payload + SEDGE_AT_SESSION - SEDGE_AT_ACK, 4);
        sedge_wipe(payload + SEDGE_HELLO_ACK_SIZE, SEDGE_TAG_SIZE);
    }
    return SEDGE_HELLO_ACK_SIZE + SEDGE_TAG_SIZE;
}

uint8_t sedge_link_fill_control(struct sedge_link *link, uint8_t type, uint8_t *payload)
{
    struct sedge_device *device = (struct sedge_device *)link;
    if (type == SEDGE_HELLO_ACK) {
        return put_hello_ack(device, payload);
    }
    if (type == SEDGE_PROVISIONED) {
        sedge_put_provisioned(device, payload);
        return SEDGE_ID_SIZE + SEDGE_TAG_SIZE;
    }
    payload[0] = SEDGE_PROTOCOL;
    payload[1] = device->greeting[SEDGE_AT_CAUSE];
    return 2;
}

/* ---- life ---- */

bool sedge_init(struct sedge_device *device, const struct sedge_config *config, enum sedge_reset_cause reset_cause)
{
    uint8_t *greeting = device->greeting;
    memset(device, 0, sizeof *device);
#if SEDGE_STATIC_CONFIG
    config = &sedge_static_config;
#else
    device->config = config;
#endif
    sedge_link_init(&device->link, config->port);
    greeting[SEDGE_AT_ACK] = SEDGE_PROTOCOL;
    sedge_put_le32(greeting + SEDGE_AT_FIRMWARE, config->firmware);
    greeting[SEDGE_AT_MTU] = SEDGE_MTU;
    greeting[SEDGE_AT_WINDOW] = SEDGE_WINDOW;
    greeting[SEDGE_AT_CAUSE] = (uint8_t)reset_cause;
    sedge_put_le16(greeting + SEDGE_AT_SILENCE, config->silence_s);
    if (config->buffer_size < 16 || !sedge_topics_check(device)) {
        return false;
    }
    sedge_nv_start(device);
    start(device);
    return true;
}

static void mind_session(struct sedge_device *device)
{
    struct sedge_link *link = &device->link;
    if (link->unheard >= UNHEARD_MAX || device->sent_counter == UINT16_MAX
        || (device->state == SEDGE_GREETED && !link->timer[SEDGE_TIMER_HELLO])) {
        sedge_link_lost(link);
#if SEDGE_STATS
    } else if (device->stats_ms && !link->timer[SEDGE_TIMER_STATS]) {
        device->todo |= SEDGE_TODO_STATS;
        link->timer[SEDGE_TIMER_STATS] = device->stats_ms;
#endif
    }
}

void sedge_poll(struct sedge_device *device)
{
    struct sedge_link *link = &device->link;
    sedge_link_poll(link);
    if (in_session(device)) {
        mind_session(device);
    } else if (!link->timer[SEDGE_TIMER_BEAT] && !link->control) {
        sedge_link_control(link, SEDGE_RESET);
    }
}

uint32_t sedge_wait_ms(const struct sedge_device *device)
{
    uint16_t wait = sedge_link_wait_ms(&device->link);
    if (device->state == SEDGE_ONLINE) {
        if (sedge_link_may_send(&device->link) && sedge_records_wait(device)) {
            return 0;
        }
        if (SEDGE_STATS && device->stats_ms && device->link.timer[SEDGE_TIMER_STATS] < wait) {
            wait = device->link.timer[SEDGE_TIMER_STATS];
        }
    }
    return wait;
}

uint32_t sedge_epoch(const struct sedge_device *device)
{
    return sedge_get_le32(device->greeting + SEDGE_AT_EPOCH);
}

uint32_t sedge_counter(const struct sedge_device *device)
{
    return device->last;
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
