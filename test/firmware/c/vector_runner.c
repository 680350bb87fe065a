/* Holds the C library to the golden bytes: vector-runner FILE... prints how many cases it checked, and each that it
 * fails. Kinds that concern the host alone are passed over. */
#include "memory_port.h"

#include "../../../firmware-bridge/c/src/device.h"
#include "../../../firmware-bridge/c/src/link.c"

#include <stdio.h>
#include <stdlib.h>

#define FIELDS_MAX 16
#define LINE_SIZE 8192
#define FIELD_SIZE 4096

struct field {
    char name[32];
    char text[LINE_SIZE];
};

static struct field fields[FIELDS_MAX];
static size_t field_count;
static const char *file_name;
static unsigned long line_number;
static unsigned long checked;
static unsigned long failed;
static struct board board;
static struct sedge_config config;
static struct sedge_device device;

static const char *text_of(const char *name)
{
    for (size_t i = 0; i < field_count; i++) {
        if (!strcmp(fields[i].name, name)) {
            return fields[i].text;
        }
    }
    return "";
}

static size_t bytes_of(const char *name, uint8_t *bytes)
{
    const char *text = text_of(name);
    size_t length = strlen(text) / 2;
    for (size_t i = 0; i < length; i++) {
        char pair[3] = { text[2 * i], text[2 * i + 1], 0 };
        bytes[i] = (uint8_t)strtoul(pair, NULL, 16);
    }
    return length;
}

static uint32_t number_of(const char *name)
{
    uint8_t bytes[FIELD_SIZE] = { 0 };
    (void)bytes_of(name, bytes);
    return sedge_get_le32(bytes);
}

static bool expect(const uint8_t *is, size_t length, const char *name)
{
    uint8_t wanted[FIELD_SIZE];
    return bytes_of(name, wanted) == length && !memcmp(is, wanted, length);
}

static void fresh_device(void)
{
    board_init(&board);
    memset(&device, 0, sizeof device);
    device.config = &config;
    sedge_link_init(&device.link, &board);
    (void)bytes_of("epoch", device.greeting + SEDGE_AT_EPOCH);
    device.state = SEDGE_ONLINE;
    (void)bytes_of("session-key", device.session_key);
}

/* ---- kinds ---- */

static bool crc(void)
{
    uint8_t bytes[FIELD_SIZE];
    size_t length = bytes_of("bytes", bytes);
    uint16_t value = sedge_crc16(0xffff, bytes, length);
    uint8_t wire[2] = { (uint8_t)value, (uint8_t)(value >> 8) };
    return expect(wire, 2, "crc");
}

static bool topics_crc(void)
{
    uint8_t bytes[FIELD_SIZE];
    size_t length = bytes_of("values", bytes);
    uint16_t value = sedge_crc16(0xffff, bytes, length);
    uint8_t wire[2] = { (uint8_t)value, (uint8_t)(value >> 8) };
    return expect(wire, 2, "crc");
}

static bool cobs(void)
{
    uint8_t coded[FIELD_SIZE];
    size_t length = bytes_of("body", coded + 1);
    if (length > SEDGE_MTU) {
        return true;
    }
    stuff(coded, coded + 1 + length);
    return expect(coded, length + 1, "coded");
}

static void hear(const char *name)
{
    uint8_t wire[FIELD_SIZE];
    size_t length = bytes_of(name, wire);
    fresh_device();
    receive(&device.link, 0);
    for (size_t i = 0; i < length; i++) {
        receive(&device.link, wire[i]);
    }
    receive(&device.link, 0);
}

static bool frame(void)
{
    uint8_t body[FIELD_SIZE];
    size_t length = bytes_of("body", body);
    if (length < HEAD || length + 2 > SEDGE_MTU) {
        return true;
    }
    hear("wire");
    if (device.link.stats.frames_in != 1) {
        return false;
    }
    fresh_device();
    memcpy(sedge_link_payload(&device.link), body + HEAD, length - HEAD);
    device.link.wanted = body[2];
    send(&device.link, body[0], body[1], (uint8_t)(length - HEAD));
    return expect(device.link.tx, device.link.tx_length, "wire");
}

static bool noise(void)
{
    const char *as = text_of("as");
    const struct sedge_stats *stats = &device.link.stats;
    hear("chunk");
    if (!strcmp(as, "too-long")) {
        return stats->too_long == 1;
    }
    if (!strcmp(as, "wrong-version") || !strcmp(as, "unknown-type")) {
        return stats->unknown_frames == 1;
    }
    return stats->bad_crc == 1 && !stats->frames_in;
}

static void put_key(const struct sedge_key_slot *slot)
{
    struct sedge_key_slot copy = *slot;
    sedge_nv_provision(&device, &copy);
}

static bool session_key(void)
{
    struct sedge_key_slot slot;
    memset(&slot, 0, sizeof slot);
    fresh_device();
    (void)bytes_of("device-id", slot.id);
    (void)bytes_of("device-key", slot.key);
    put_key(&slot);
    (void)bytes_of("epoch", device.greeting + SEDGE_AT_EPOCH);
    (void)bytes_of("session", device.greeting + SEDGE_AT_SESSION);
    (void)bytes_of("host-nonce", device.greeting + SEDGE_AT_NONCE);
    sedge_session_key(&device);
    return expect(device.session_key, 16, "session-key");
}

static bool hello_ack(void)
{
    uint8_t hello[FIELD_SIZE];
    uint8_t ack[FIELD_SIZE];
    (void)bytes_of("hello", hello);
    if (bytes_of("hello-ack", ack) != SEDGE_HELLO_ACK_SIZE + 8) {
        return false;
    }
    fresh_device();
    memcpy(device.greeting, hello, SEDGE_HELLO_TAGGED);
    memcpy(device.greeting + SEDGE_AT_ACK, ack, SEDGE_HELLO_ACK_SIZE);
    (void)sedge_seal(&device, SEDGE_OF_HELLO_ACK, device.greeting, SEDGE_GREETING_SIZE);
    return !memcmp(device.greeting + SEDGE_GREETING_SIZE, ack + SEDGE_HELLO_ACK_SIZE, 8);
}

static bool record(void)
{
    uint8_t bytes[FIELD_SIZE];
    uint8_t value[FIELD_SIZE];
    uint8_t direction;
    size_t length;
    uint8_t whole;
    fresh_device();
    (void)bytes_of("direction", &direction);
    (void)bytes_of("header", bytes);
    length = bytes_of("value", value);
    length += bytes_of("signature", value + length);
    memcpy(bytes + SEDGE_RECORD_HEAD, value, length);
    whole = (uint8_t)(SEDGE_RECORD_HEAD + length);
    if (direction == SEDGE_OF_HOST) {
        (void)bytes_of("payload", bytes);
        if (!sedge_open(&device, bytes, whole) || memcmp(bytes + SEDGE_RECORD_HEAD, value, length) != 0) {
            return false;
        }
        (void)bytes_of("payload", bytes);
        bytes[whole] ^= 1;
        return !sedge_open(&device, bytes, whole);
    }
    sedge_seal(&device, (enum sedge_direction)direction, bytes, whole);
    return expect(bytes, (size_t)whole + 8, "payload");
}

static bool provisioned(void)
{
    struct sedge_key_slot slot;
    uint8_t provision[FIELD_SIZE];
    uint8_t answer[16];
    if (bytes_of("provision", provision) != SEDGE_PROVISION_SIZE) {
        return false;
    }
    memcpy(slot.id, provision, SEDGE_PROVISION_SIZE);
    fresh_device();
    put_key(&slot);
    sedge_put_provisioned(&device, answer);
    return expect(answer, sizeof answer, "provisioned");
}

static bool nv(void)
{
    uint8_t has_key;
    fresh_device();
    if (bytes_of("image", board.nv) != SEDGE_NV_SIZE) {
        return false;
    }
    (void)bytes_of("provisioned", &has_key);
    sedge_nv_start(&device);
    return has_key ? device.state == SEDGE_NO_SESSION && sedge_epoch(&device) == number_of("next-epoch")
                   : device.state == SEDGE_NO_KEY;
}

/* The device's reader passes over whatever is well-formed; what else the mesh refuses is the host's business. */
static bool value(void)
{
    uint8_t item[FIELD_SIZE];
    struct sedge_reader in;
    sedge_reader_init(&in, item, bytes_of("item", item));
    return sedge_skip(&in) && in.at == in.end;
}

static bool answer_of_ascon(void)
{
    uint8_t key[16];
    uint8_t both[FIELD_SIZE]; /* associated data, then the text */
    struct sedge_aead aead;
    uint8_t *text;
    uint8_t tag[16];
    memset(&aead, 0, sizeof aead);
    aead.key = key;
    aead.ad = both;
    (void)bytes_of("Key", key);
    (void)bytes_of("Nonce", aead.state + SEDGE_ASCON_NONCE);
    aead.ad_length = (uint8_t)bytes_of("AD", both);
    text = both + aead.ad_length;
    aead.text_length = (uint8_t)bytes_of("PT", text);
    sedge_ascon(&aead);
    memcpy(tag, aead.state + SEDGE_ASCON_TAG, sizeof tag);
    memcpy(text + aead.text_length, tag, sizeof tag);
    if (!expect(text, (size_t)aead.text_length + 16, "CT")) {
        return false;
    }
    (void)bytes_of("Nonce", aead.state + SEDGE_ASCON_NONCE);
    aead.opening = true;
    sedge_ascon(&aead);
    return expect(text, aead.text_length, "PT") && !memcmp(aead.state + SEDGE_ASCON_TAG, tag, sizeof tag);
}

/* ---- files ---- */

static const struct kind {
    const char *name;
    bool (*holds)(void);
} kinds[] = {
    { "crc", crc },         { "cobs", cobs },
    { "frame", frame },     { "noise", noise },
    { "nv", nv },           { "session-key", session_key },
    { "value", value },     { "hello-ack", hello_ack },
    { "record", record },   { "provisioned", provisioned },
    { "topics-crc", topics_crc },
};

static void check_case(void)
{
    bool (*holds)(void) = NULL;
    if (*text_of("Count")) {
        holds = answer_of_ascon;
    }
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (!strcmp(text_of("case"), kinds[i].name)) {
            holds = kinds[i].holds;
        }
    }
    if (holds) {
        checked++;
        if (!holds()) {
            failed++;
            printf("%s: case before line %lu: %s %s%s\n", file_name, line_number, text_of("case"), text_of("note"),
                   text_of("Count"));
        }
    }
    field_count = 0;
}

static void take_line(char *line)
{
    char *equals = strstr(line, " =");
    size_t length = strcspn(line, "\r\n");
    line[length] = 0;
    if (*line == '#') {
        return;
    }
    if (!*line) {
        check_case();
        return;
    }
    if (!equals || field_count == FIELDS_MAX) {
        printf("%s:%lu: no field\n", file_name, line_number);
        failed++;
        return;
    }
    *equals = 0;
    equals += 2;
    equals += *equals == ' ';
    (void)snprintf(fields[field_count].name, sizeof fields->name, "%s", line);
    (void)snprintf(fields[field_count].text, sizeof fields->text, "%s", equals);
    field_count++;
}

static void read_file(const char *name)
{
    static char line[LINE_SIZE];
    FILE *file = fopen(name, "r");
    file_name = name;
    line_number = 0;
    if (!file) {
        perror(name);
        failed++;
        return;
    }
    while (fgets(line, sizeof line, file)) {
        line_number++;
        take_line(line);
    }
    check_case();
    (void)fclose(file);
}

int main(int count, char **names)
{
    config.port = &board;
    for (int i = 1; i < count; i++) {
        read_file(names[i]);
    }
    printf("%lu cases, %lu failed\n", checked, failed);
    return failed || !checked ? 1 : 0;
}
