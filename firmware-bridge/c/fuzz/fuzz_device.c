/*
 * libFuzzer over a whole device: what comes over the wire, how long it takes, how much the line takes, readings, restarts.
 *
 * The input is a list of steps. Some hand over raw bytes; most build a frame around the input's bytes with a good CRC,
 * and records with a good seal, as only they get behind the checks; one is a short visit of a host that behaves. Held to
 * after each step:
 *
 *  - what goes out are whole frames with a good CRC, none above the MTU;
 *  - no two different records are ever sealed under one key, nonce and direction;
 *  - the ring holds what it can hold, and an epoch never comes again;
 *
 * and at the end, that a well-behaved host gets a session and all that waits: whatever came before, the link recovers.
 */
#include <stdlib.h>
#include <string.h>

#include "../src/device.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define hold(what) do { if (!(what)) abort(); } while (0)

enum { BUFFER_BYTES = 200, LINE_BYTES = 512, SEALED_MAX = 1024 };

/* ---- The board ---- */

static struct {
    uint32_t now_ms;
    uint8_t nv[SEDGE_NV_SIZE];
    uint8_t in[LINE_BYTES], out[LINE_BYTES];
    size_t in_length, in_taken, out_length;
    uint32_t room; /* bytes that the line takes until the next step */
    bool overrun;
} board;

uint32_t sedge_port_now_ms(void *port)
{
    (void)port;
    return board.now_ms;
}

int16_t sedge_port_read(void *port)
{
    (void)port;
    if (board.overrun) {
        board.overrun = false;
        return SEDGE_PORT_OVERRUN;
    }
    return board.in_taken < board.in_length ? board.in[board.in_taken++] : SEDGE_PORT_NONE;
}

bool sedge_port_write(void *port, uint8_t byte)
{
    (void)port;
    if (board.room == 0 || board.out_length == LINE_BYTES) return false;
    board.room--;
    board.out[board.out_length++] = byte;
    return true;
}

void sedge_port_nv_read(void *port, uint8_t at, uint8_t *bytes, uint8_t length)
{
    (void)port;
    hold(at + length <= SEDGE_NV_SIZE);
    memcpy(bytes, board.nv + at, length);
}

void sedge_port_nv_write(void *port, uint8_t at, const uint8_t *bytes, uint8_t length)
{
    (void)port;
    hold(at + length <= SEDGE_NV_SIZE);
    memcpy(board.nv + at, bytes, length);
}

/* ---- The device ---- */

static struct sedge_device device;
static uint8_t ring[BUFFER_BYTES];
static struct sedge_keep keep;
static bool allow_provision;
static uint32_t epoch_max;

static enum sedge_status on_echo(struct sedge_device *one, uint8_t command, struct sedge_reader *args,
                                 struct sedge_writer *result)
{
    const uint8_t *from = args->at;
    hold(one == &device && command == 3);
    if (!sedge_skip(args)) return SEDGE_BAD_ARGUMENTS;
    sedge_put_raw(result, from, (uint16_t)(args->at - from));
    return SEDGE_DONE;
}

static enum sedge_status on_publish(struct sedge_device *one, uint8_t command, struct sedge_reader *args,
                                    struct sedge_writer *result)
{
    uint32_t value;
    (void)command, (void)result;
    if (!sedge_get_uint(args, &value)) return SEDGE_BUSY;
    return sedge_publish_int(one, 1, (int32_t)value) ? SEDGE_DONE : SEDGE_FAILED;
}

static bool may_provision(struct sedge_device *one)
{
    hold(one == &device);
    return allow_provision;
}

#if SEDGE_SIGNING
static bool sign(struct sedge_device *one, const uint8_t *message, uint16_t length, uint8_t signature[64])
{
    (void)one;
    hold(length > 0);
    for (int i = 0; i < 64; i++) signature[i] = message[i % length];
    return true;
}
#endif

static const struct sedge_topic topics[] = {
    SEDGE_READING("a/temp", SEDGE_FLOAT, "Cel"),
    SEDGE_READING("a/text", SEDGE_TEXT, ""),
    SEDGE_COMMAND("echo", SEDGE_ANY, on_echo),
    SEDGE_COMMAND("publish", SEDGE_INT, on_publish),
};

static struct sedge_config config = {
    .topics = topics,
    .topic_count = sizeof topics / sizeof topics[0],
    .buffer = ring,
    .buffer_size = sizeof ring,
    .firmware = 1,
    .allow_provision = may_provision,
};

/* ---- What came out ---- */

static struct {
    uint8_t bytes[2 * SEDGE_MTU + 8];
    size_t length;
    uint8_t frame[SEDGE_MTU + 2];
    bool greeted;
} wire;

/* Every encryption under one key and nonce, seen where all of them pass: linked with --wrap=sedge_ascon. */
static struct {
    uint8_t key[16], nonce[16];
    uint16_t crc;
} sealed[SEALED_MAX];
static size_t sealed_count;

void __real_sedge_ascon(struct sedge_aead *aead);
void __wrap_sedge_ascon(struct sedge_aead *aead);

/* The same nonce under the same key: only for the very same record, head and value. */
static void note_sealed(const struct sedge_aead *aead)
{
    const uint8_t *nonce = aead->state + SEDGE_ASCON_NONCE;
    uint16_t crc = sedge_crc16(0xffff, aead->ad, aead->ad_length);
    crc = sedge_crc16(crc, aead->text, aead->text_length);
    for (size_t i = 0; i < sealed_count; i++) {
        if (memcmp(sealed[i].key, aead->key, 16) != 0 || memcmp(sealed[i].nonce, nonce, 16) != 0) continue;
        hold(sealed[i].crc == crc);
        return;
    }
    if (sealed_count == SEALED_MAX) return;
    memcpy(sealed[sealed_count].key, aead->key, 16);
    memcpy(sealed[sealed_count].nonce, nonce, 16);
    sealed[sealed_count++].crc = crc;
}

void __wrap_sedge_ascon(struct sedge_aead *aead)
{
    bool of_host = aead->state[SEDGE_ASCON_NONCE + 8] == SEDGE_OF_HOST;
    if (aead->text_length > 0 && !aead->opening && !of_host) note_sealed(aead);
    __real_sedge_ascon(aead);
}

static void look_at_frame(void)
{
    size_t length = 0;
    for (size_t at = 0; at < wire.length;) {
        size_t block = wire.bytes[at++];
        hold(at + block - 1 <= wire.length);
        for (size_t i = 1; i < block; i++) wire.frame[length++] = wire.bytes[at++];
        if (block < 0xff && at < wire.length) wire.frame[length++] = 0;
        hold(length <= SEDGE_MTU);
    }
    hold(length >= 5);
    uint16_t crc = sedge_crc16(0xffff, wire.frame, length - 2);
    hold(wire.frame[length - 2] == (crc & 0xff) && wire.frame[length - 1] == crc >> 8);
    uint8_t type = wire.frame[0] & 0x0f;
    hold(wire.frame[0] >> 6 == 0 && type >= SEDGE_DATA && type <= SEDGE_PROVISIONED);
    hold(type != SEDGE_HELLO && type != SEDGE_PROVISION);
    if (type == SEDGE_HELLO_ACK) wire.greeted = true;
    if (type == SEDGE_DATA) hold((wire.frame[3] & SEDGE_SEALED) != 0);
}

static void look_at_wire(void)
{
    for (size_t i = 0; i < board.out_length; i++) {
        uint8_t byte = board.out[i];
        if (byte != 0) {
            hold(wire.length < sizeof wire.bytes);
            wire.bytes[wire.length++] = byte;
            continue;
        }
        if (wire.length > 0) look_at_frame();
        wire.length = 0;
    }
    board.out_length = 0;
}

static void look_at_device(void)
{
    hold(sedge_state(&device) <= SEDGE_ONLINE);
    hold(device.used <= BUFFER_BYTES && device.head < BUFFER_BYTES);
    hold(sedge_pending(&device) <= BUFFER_BYTES / SEDGE_ITEM_HEAD);
    hold(device.link.rx_length <= SEDGE_MTU && device.link.tx_length <= SEDGE_MTU + 3);
    (void)sedge_wait_ms(&device);
}

static void poll(void)
{
    sedge_poll(&device);
    look_at_wire();
    look_at_device();
}

static void boot(enum sedge_reset_cause cause)
{
    wire.length = 0;
    board.out_length = 0;
    hold(sedge_init(&device, &config, cause));
    if (device.epoch != 0) {
        hold(device.epoch > epoch_max);
        epoch_max = device.epoch;
    }
    look_at_device();
}

/* ---- What goes in ---- */

static void put(uint8_t byte)
{
    if (board.in_length < LINE_BYTES) board.in[board.in_length++] = byte;
}

static void room_in_line(void)
{
    for (int i = 0; i < 8 && board.in_taken < board.in_length; i++) poll();
    memmove(board.in, board.in + board.in_taken, board.in_length - board.in_taken);
    board.in_length -= board.in_taken;
    board.in_taken = 0;
}

static void put_frame(uint8_t control, uint8_t seq, uint8_t ack, const uint8_t *payload, size_t length)
{
    uint8_t body[264]; /* above the MTU too */
    if (length > 255) length = 255;
    body[0] = control;
    body[1] = seq;
    body[2] = ack;
    if (length > 0) memcpy(body + 3, payload, length);
    length += 3;
    uint16_t crc = sedge_crc16(0xffff, body, length);
    body[length++] = (uint8_t)crc;
    body[length++] = (uint8_t)(crc >> 8);
    room_in_line();
    put(0);
    size_t from = 0;
    while (from <= length) {
        size_t to = from;
        while (to < length && body[to] != 0 && to - from < 254) to++;
        put((uint8_t)(to - from + 1));
        for (size_t i = from; i < to; i++) put(body[i]);
        from = to - from == 254 ? to : to + 1;
        if (from == length && to - from == 0) break;
    }
    put(0);
}

static void put_hello(uint8_t nonce, uint8_t window)
{
    uint8_t payload[17] = {SEDGE_PROTOCOL};
    memset(payload + 1, nonce, 8);
    payload[9] = 250;
    payload[10] = window;
    put_frame(SEDGE_HELLO, 0, 0, payload, sizeof payload);
}

/* A record of the host, with the next number that the device wants, its counter one up, and a good seal. */
static void put_record(uint8_t type, uint8_t topic, const uint8_t *value, size_t length)
{
    uint8_t record[250] = {(uint8_t)(type | SEDGE_SEALED), topic};
    if (length > SEDGE_VALUE_SIZE) length = SEDGE_VALUE_SIZE;
    sedge_put_le32(record + 2, device.host_counter + 1);
    sedge_put_le32(record + 6, board.now_ms);
    memcpy(record + SEDGE_RECORD_HEAD, value, length);
    uint8_t whole = sedge_seal(&device, SEDGE_OF_HOST, record, (uint8_t)(SEDGE_RECORD_HEAD + length));
    put_frame(SEDGE_DATA, device.link.wanted, device.link.high, record, whole);
}

static void put_provision(uint8_t seed)
{
    uint8_t payload[28];
    memset(payload, seed, 24);
    sedge_put_le32(payload + 24, epoch_max);
    put_frame(SEDGE_PROVISION, 0, 0, payload, sizeof payload);
}

/* ---- A host that behaves ---- */

static bool host_gets_all(uint8_t nonce)
{
    static const uint8_t welcome[] = {0x83, 0xf5, 0x00, 0x00};
    for (int ms = 0; ms < 20000; ms += 20) {
        board.now_ms += 20;
        board.room = 64;
        if (ms % 1000 == 0 && sedge_state(&device) != SEDGE_ONLINE) put_hello((uint8_t)(nonce + ms / 1000), 4);
        if (wire.greeted && sedge_state(&device) == SEDGE_GREETED) put_record(SEDGE_REC_WELCOME, 0, welcome, sizeof welcome);
        wire.greeted = false;
        if (sedge_state(&device) == SEDGE_ONLINE) put_frame(SEDGE_ACK, 0, device.link.high, NULL, 0);
        room_in_line();
        poll();
        if (sedge_state(&device) == SEDGE_ONLINE && sedge_pending(&device) == 0 && device.gap == 0)
            return true;
    }
    return false;
}

/* ---- Steps ---- */

struct input {
    const uint8_t *at, *end;
};

static uint8_t next(struct input *in)
{
    return in->at < in->end ? *in->at++ : 0;
}

static const uint8_t *take(struct input *in, size_t *length)
{
    const uint8_t *from = in->at;
    if (*length > (size_t)(in->end - in->at)) *length = (size_t)(in->end - in->at);
    in->at += *length;
    return from;
}

static void publish(uint8_t choice, struct input *in)
{
    size_t length = choice >> 3;
    uint32_t value = (uint32_t)next(in) << (choice & 24);
    uint8_t topic = next(in) % 5;
    char text[33] = "";
    const uint8_t *bytes = take(in, &length);
    memcpy(text, bytes, length);
    switch (choice & 7) {
    case 0: (void)sedge_publish_float(&device, topic, (float)value); break;
    case 1: (void)sedge_publish_bool(&device, topic, value != 0); break;
    case 2: (void)sedge_publish_text(&device, topic, text); break;
    case 3: (void)sedge_publish_bytes(&device, topic, bytes, (uint16_t)length); break;
    case 4: (void)sedge_publish_cbor(&device, topic, bytes, (uint16_t)length); break;
    default: (void)sedge_publish_int(&device, topic, (int32_t)value); break;
    }
}

static void frame_step(uint8_t control, struct input *in)
{
    uint8_t seq = next(in), ack = next(in);
    size_t length = next(in);
    const uint8_t *payload = take(in, &length);
    /* Half of them are near what the device expects: others hardly get anywhere. */
    if ((control & 0x40) != 0) {
        seq = (uint8_t)(device.link.wanted + seq % 8);
        ack = (uint8_t)(device.link.base + ack % 10);
    }
    put_frame(control & 0x3f, seq, ack, payload, length);
}

static void step(uint8_t choice, struct input *in)
{
    size_t length;
    const uint8_t *bytes;
    switch (choice % 16) {
    case 0:
        length = next(in);
        bytes = take(in, &length);
        room_in_line();
        for (size_t i = 0; i < length; i++) put(bytes[i]);
        break;
    case 1:
    case 2: frame_step(next(in), in); break;
    case 3: put_hello(next(in), (uint8_t)(1 + next(in) % 9)); break;
    case 4:
    case 5: {
        uint8_t type = next(in), topic = next(in);
        length = next(in) % 64u;
        bytes = take(in, &length);
        put_record(type & 0x0f, topic, bytes, length);
        break;
    }
    case 6: {
        static const uint8_t welcome[] = {0x83, 0xf5, 0x00, 0x01};
        put_record(SEDGE_REC_WELCOME, 0, welcome, sizeof welcome);
        break;
    }
    case 7: put_frame(SEDGE_ACK, 0, device.link.high, NULL, 0); break;
    case 8: board.now_ms += next(in); break;
    case 9: board.now_ms += (uint32_t)next(in) << 8; break;
    case 10:
    case 11: publish(next(in), in); break;
    case 12: board.room = next(in); break;
    case 13:
        allow_provision = (choice & 0x20) != 0;
        put_provision(next(in));
        break;
    case 14:
        if ((choice & 0x70) == 0) boot(SEDGE_RESET_POWER);
        else if ((choice & 0x70) == 0x10) board.overrun = true;
        else (void)sedge_log(&device, SEDGE_INFO, "fuzz");
        break;
    default: (void)host_gets_all(choice); break;
    }
    poll();
    if (board.room < 40) return;
    poll();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2 || size > 1024) return -1;
    struct input in = {data + 1, data + size};
    memset(&board, 0, sizeof board);
    memset(&wire, 0, sizeof wire);
    memset(&keep, 0, sizeof keep);
    memset(board.nv, 0xff, sizeof board.nv);
    sealed_count = 0;
    epoch_max = 0;
    allow_provision = false;
    board.room = 64;
    config.keep = (data[0] & 1) != 0 ? &keep : NULL;
    config.silence_s = (data[0] & 2) != 0 ? 600 : 0;
#if SEDGE_SIGNING
    config.sign = (data[0] & 4) != 0 ? sign : NULL;
#endif
    boot(SEDGE_RESET_POWER);
    if ((data[0] & 8) == 0) {
        put_provision(0x55);
        poll();
        hold(sedge_state(&device) == SEDGE_NO_SESSION);
        epoch_max = device.epoch;
    }
    while (in.at < in.end) step(next(&in), &in);
    board.room = 64;
    if (sedge_state(&device) == SEDGE_NO_KEY) {
        put_provision(0x77);
        for (int i = 0; i < 40 && sedge_state(&device) == SEDGE_NO_KEY; i++) {
            board.now_ms += 100;
            board.room = 64;
            room_in_line();
            poll();
            if (i % 8 == 7) put_provision(0x77);
        }
    }
    hold(sedge_state(&device) == SEDGE_NV_FAULT || host_gets_all(0xa0));
    return 0;
}
