/*
 * libFuzzer over a whole device: what comes over the wire, how long it takes, how much the line takes, readings, restarts.
 *
 * The input is a list of steps. Some hand over raw bytes; most build a frame around the input's bytes with a good CRC,
 * and records with a good seal, as only they get behind the checks; one is a short visit of a host that behaves. Held to
 * after each step:
 *
 *  - what goes out are whole frames with a good CRC, none above the MTU;
 *  - no two different records are ever sealed under one key, nonce and direction;
 *  - a reading goes out as it was taken: topic, value and time under its number;
 *  - the ring holds what it can hold, and an epoch never comes again;
 *
 * and at the end, that a well-behaved host gets a session and all that waits, whatever came before, and that each reading
 * of this epoch went out or was reported lost.
 */
#include <stdlib.h>
#include <string.h>

#include "../src/device.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define hold(what) do { if (!(what)) abort(); } while (0)

enum { BUFFER_BYTES = 200, LINE_BYTES = 512, SEALED_MAX = 1024, READINGS_MAX = 1024, EXPECTED_BYTES = 64, GAPS_MAX = 32 };

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

static uint32_t device_session(void)
{
    return sedge_get_le32(device.greeting + SEDGE_AT_SESSION);
}

/* ---- What was taken, and what became of it ---- */

static struct {
    uint32_t t;
    uint8_t topic, length;
    uint8_t value[EXPECTED_BYTES];
    bool told; /* it arrived, or a GAP around it did */
} readings[READINGS_MAX];
static uint32_t readings_epoch;

/* GAPs by their counter, as only that can be read on the wire. */
static struct {
    uint32_t counter, from, to;
} gaps[GAPS_MAX];

static void note_taken(bool taken, uint8_t topic, const struct sedge_writer *value, const uint8_t *start)
{
    if (readings_epoch != sedge_epoch(&device)) memset(readings, 0, sizeof readings);
    readings_epoch = sedge_epoch(&device);
    if (!taken || sedge_counter(&device) >= READINGS_MAX) return;
    hold(!value->full && sedge_counter(&device) > 0);
    readings[sedge_counter(&device)].t = board.now_ms;
    readings[sedge_counter(&device)].topic = topic;
    readings[sedge_counter(&device)].length = (uint8_t)(value->at - start);
    readings[sedge_counter(&device)].told = false;
    memcpy(readings[sedge_counter(&device)].value, start, (size_t)(value->at - start));
}

static void note_sent_reading(const uint8_t *head, const uint8_t *value, size_t length)
{
    uint32_t counter = sedge_get_le32(head + 2);
    hold(counter > 0 && counter <= sedge_counter(&device) && readings_epoch == sedge_epoch(&device));
    if (counter >= READINGS_MAX) return;
    if ((head[0] & SEDGE_SIGNED) != 0) length -= 64;
    hold(head[1] == readings[counter].topic && sedge_get_le32(head + 6) == readings[counter].t);
    hold(length == readings[counter].length && memcmp(value, readings[counter].value, length) == 0);
}

static void note_sent_gap(uint32_t counter, const uint8_t *value, size_t length)
{
    struct sedge_reader in;
    uint16_t fields;
    uint32_t from, to;
    sedge_reader_init(&in, value, length);
    hold(sedge_get_array(&in, &fields) && fields == 2);
    hold(sedge_get_uint(&in, &from) && sedge_get_uint(&in, &to));
    hold(from >= 1 && from <= to && to <= sedge_counter(&device));
    gaps[counter % GAPS_MAX].counter = counter;
    gaps[counter % GAPS_MAX].from = from;
    gaps[counter % GAPS_MAX].to = to;
}

static void note_arrived(const uint8_t *record)
{
    uint32_t counter = sedge_get_le32(record + 2);
    uint8_t type = record[0] & 0x0f;
    if (type == SEDGE_REC_READING && counter < READINGS_MAX) readings[counter].told = true;
    if (type != SEDGE_REC_GAP || gaps[counter % GAPS_MAX].counter != counter) return;
    for (uint32_t n = gaps[counter % GAPS_MAX].from; n <= gaps[counter % GAPS_MAX].to && n < READINGS_MAX; n++)
        readings[n].told = true;
}

static bool all_readings_told(void)
{
    if (readings_epoch != sedge_epoch(&device)) return true;
    for (uint32_t counter = 1; counter <= sedge_counter(&device) && counter < READINGS_MAX; counter++)
        if (!readings[counter].told) return false;
    return true;
}

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
    uint8_t expected[8];
    struct sedge_writer out;
    sedge_writer_init(&out, expected, sizeof expected);
    sedge_put_int(&out, (int32_t)value);
    bool taken = sedge_publish_int(one, 1, (int32_t)value);
    note_taken(taken, 1, &out, expected);
    return taken ? SEDGE_DONE : SEDGE_FAILED;
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

/* The host's side of the link: what it wants next of which session, and frames that it will not get. */
static struct {
    uint32_t epoch, session;
    uint8_t wanted, lose;
    bool gap;
    bool forged; /* somebody else sent a frame with a good CRC, and may have acknowledged what never arrived */
    uint32_t frames_in;
} host;

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
    crc = sedge_crc16(crc, aead->ad + aead->ad_length, aead->text_length);
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
    if (aead->text_length > 0 && !aead->opening && !of_host) {
        uint8_t type = aead->ad[0] & 0x0f;
        note_sealed(aead);
        if (type == SEDGE_REC_READING) note_sent_reading(aead->ad, aead->ad + aead->ad_length, aead->text_length);
        if (type == SEDGE_REC_GAP) note_sent_gap(sedge_get_le32(aead->ad + 2), aead->ad + aead->ad_length, aead->text_length);
    }
    __real_sedge_ascon(aead);
}

static void host_gets(uint8_t type)
{
    uint32_t epoch = sedge_get_le32(wire.frame + 16), session = sedge_get_le32(wire.frame + 20);
    /* One that refuses a protocol or comes too late has no good tag for the host's last HELLO. */
    if (type == SEDGE_HELLO_ACK && epoch == sedge_epoch(&device) && session == device_session()) {
        if (epoch != host.epoch || session != host.session) host.wanted = 0;
        host.epoch = epoch;
        host.session = session;
        host.gap = false;
        wire.greeted = true;
    }
    if (type != SEDGE_DATA) return;
    host.gap = wire.frame[1] != host.wanted && (uint8_t)(wire.frame[1] - host.wanted) < 128;
    if (wire.frame[1] != host.wanted) return;
    host.wanted++;
    note_arrived(wire.frame + 3);
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
    hold(type != SEDGE_DATA || (wire.frame[3] & SEDGE_SEALED) != 0);
    if (host.lose > 0) host.lose--;
    else host_gets(type);
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
    hold(device.used <= BUFFER_BYTES);
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
    host.frames_in = 0;
    hold(sedge_init(&device, &config, cause));
    if (sedge_epoch(&device) != 0) {
        hold(sedge_epoch(&device) > epoch_max);
        epoch_max = sedge_epoch(&device);
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
    while (board.in_taken < board.in_length) poll();
    board.in_length = board.in_taken = 0;
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
    /* A frame that ends here was in the raw bytes. */
    while (board.in_taken < board.in_length) poll();
    if (device.link.stats.frames_in != host.frames_in) host.forged = true;
    board.in_length = board.in_taken = 0;
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
    while (board.in_taken < board.in_length) poll();
    board.in_length = board.in_taken = 0;
    host.frames_in = device.link.stats.frames_in;
}

static bool in_session(void)
{
    return sedge_state(&device) == SEDGE_ONLINE && host.epoch == sedge_epoch(&device) && host.session == device_session();
}

/* What the host acknowledges: only of the session that it knows of. */
static uint8_t host_ack(void)
{
    return host.epoch == sedge_epoch(&device) && host.session == device_session() ? host.wanted : device.link.base;
}

static void put_ack(void)
{
    /* Cleared before: the next DATA may come while this goes. */
    uint8_t type = host.gap ? SEDGE_NAK : SEDGE_ACK;
    host.gap = false;
    put_frame(type, host_ack(), host_ack(), NULL, 0);
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
    put_frame(SEDGE_DATA, device.link.wanted, host_ack(), record, whole);
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
    host.lose = 0;
    static const uint8_t welcome[] = {0x83, 0xf5, 0x00, 0x00};
    for (int ms = 0; ms < 20000; ms += 20) {
        board.now_ms += 20;
        board.room = 64;
        if (ms % 1000 == 0 && !in_session()) put_hello((uint8_t)(nonce + ms / 1000), 4);
        if (wire.greeted && sedge_state(&device) == SEDGE_GREETED) put_record(SEDGE_REC_WELCOME, 0, welcome, sizeof welcome);
        wire.greeted = false;
        if (in_session()) put_ack();
        room_in_line();
        poll();
        if (in_session() && sedge_pending(&device) == 0) return true;
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
    uint8_t expected[EXPECTED_BYTES];
    struct sedge_writer out;
    bool taken;
    const uint8_t *bytes = take(in, &length);
    memcpy(text, bytes, length);
    sedge_writer_init(&out, expected, sizeof expected);
    switch (choice & 7) {
    case 0:
        sedge_put_float(&out, (float)value);
        taken = sedge_publish_float(&device, topic, (float)value);
        break;
    case 1:
        sedge_put_bool(&out, value != 0);
        taken = sedge_publish_bool(&device, topic, value != 0);
        break;
    case 2:
        sedge_put_text(&out, text);
        taken = sedge_publish_text(&device, topic, text);
        break;
    case 3:
        sedge_put_bytes(&out, bytes, (uint16_t)length);
        taken = sedge_publish_bytes(&device, topic, bytes, (uint16_t)length);
        break;
    case 4:
        sedge_put_raw(&out, bytes, (uint16_t)length);
        taken = sedge_publish_cbor(&device, topic, bytes, (uint16_t)length);
        break;
    default:
        sedge_put_int(&out, (int32_t)value);
        taken = sedge_publish_int(&device, topic, (int32_t)value);
        break;
    }
    note_taken(taken, topic, &out, expected);
}

static void publish_true(void)
{
    uint8_t expected[1];
    struct sedge_writer out;
    sedge_writer_init(&out, expected, sizeof expected);
    sedge_put_bool(&out, true);
    note_taken(sedge_publish_bool(&device, 1, true), 1, &out, expected);
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
    host.forged = true;
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
    case 7: put_ack(); break;
    case 8:
        if ((choice & 0x40) != 0) host.lose = (choice >> 4) & 3;
        board.now_ms += next(in);
        break;
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
    memset(&host, 0, sizeof host);
    memset(&keep, 0, sizeof keep);
    memset(board.nv, 0xff, sizeof board.nv);
    sealed_count = 0;
    readings_epoch = 0;
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
        epoch_max = sedge_epoch(&device);
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
    /* The newest one may be what was lost: then the next one tells. */
    publish_true();
    hold(sedge_state(&device) == SEDGE_NV_FAULT || host_gets_all(0xb0));
    hold(host.forged || all_readings_told());
    return 0;
}
