/* Rules of the device that a test from outside hardly reaches: power cuts at every byte, what a NAK may do, what repeats.
 * Prints a line for each rule that does not hold. The host's frames are made with the device's own code. */
#include "memory_port.h"

#include "../../../firmware-bridge/c/src/device.h"

#include <stdio.h>

static struct board board;
static uint8_t buffer[200];
static struct sedge_device device;
static unsigned commands_done;
static int failed;
static int checked;

static void hold(bool what, const char *rule)
{
    checked++;
    if (!what) {
        printf("does not hold: %s\n", rule);
        failed++;
    }
}

static enum sedge_status on_relay(struct sedge_device *one, uint8_t command, struct sedge_reader *args,
                                  struct sedge_writer *result)
{
    (void)one, (void)command, (void)args, (void)result;
    commands_done++;
    return SEDGE_DONE;
}

static const struct sedge_topic topics[] = { SEDGE_READING("t", SEDGE_FLOAT, "Cel"),
                                             SEDGE_COMMAND("relay", SEDGE_BOOL, on_relay) };
static const struct sedge_config config = { .port = &board, .topics = topics, .topic_count = 2, .buffer = buffer,
                                            .buffer_size = sizeof buffer };

/* ---- the host's side ---- */

struct frame {
    uint8_t body[SEDGE_MTU + 2];
    size_t length;
};

static void say(uint8_t control, uint8_t number, uint8_t ack, const uint8_t *payload, size_t length)
{
    uint8_t body[300] = { control, number, ack };
    uint8_t wire[304] = { 0 };
    size_t code = 1;
    uint16_t crc;
    if (length) {
        memcpy(body + 3, payload, length);
    }
    crc = sedge_crc16(0xffff, body, length + 3);
    sedge_put_le16(body + length + 3, crc);
    for (size_t i = 0; i < length + 5; i++) {
        wire[i + 2] = body[i];
    }
    for (size_t i = 2; i < length + 8; i++) {
        if (i == length + 7 || !wire[i]) {
            wire[code] = (uint8_t)(i - code);
            code = i;
        }
    }
    wire[length + 7] = 0;
    wire_put(&board.to_device, wire, length + 8);
}

/* The next frame of the device; type 0: none. */
static uint8_t hear(struct frame *frame)
{
    uint8_t wire[SEDGE_MTU + 8];
    size_t length = 0;
    int byte;
    while ((byte = wire_get(&board.to_host)) >= 0) {
        if (byte) {
            wire[length++] = (uint8_t)byte;
            continue;
        }
        if (!length) {
            continue;
        }
        frame->length = 0;
        for (size_t at = 0; at < length;) {
            uint8_t block = wire[at++];
            for (uint8_t i = 1; i < block; i++) {
                frame->body[frame->length++] = wire[at++];
            }
            if (at < length) {
                frame->body[frame->length++] = 0;
            }
        }
        frame->length -= 2;
        return frame->body[0] & 0x0f;
    }
    return 0;
}

static void pass(uint32_t ms)
{
    while (ms--) {
        board.now++;
        sedge_poll(&device);
    }
}

/* How many frames of a type came; forgets the others. */
static unsigned count_heard(uint8_t type, struct frame *last)
{
    struct frame frame;
    unsigned count = 0;
    uint8_t heard;
    while ((heard = hear(&frame)) != 0) {
        if (heard == type) {
            *last = frame;
            count++;
        }
    }
    return count;
}

static void say_hello(uint8_t nonce, uint8_t window, uint8_t utc)
{
    uint8_t hello[17] = { SEDGE_PROTOCOL };
    memset(hello + 1, nonce, 8);
    hello[9] = 250;
    hello[10] = window;
    hello[11] = utc;
    say(SEDGE_HELLO, 0, 0, hello, sizeof hello);
}

static void say_record(uint8_t number, uint8_t type, const uint8_t *value, size_t length)
{
    uint8_t record[64] = { (uint8_t)(SEDGE_SEALED | type), 2 };
    sedge_put_le32(record + 2, device.host_counter + 1);
    memcpy(record + SEDGE_RECORD_HEAD, value, length);
    length = sedge_seal(&device, SEDGE_OF_HOST, record, (uint8_t)(SEDGE_RECORD_HEAD + length));
    say(SEDGE_DATA, number, device.link.base, record, length);
}

static void say_command(uint8_t number, uint8_t id)
{
    uint8_t value[] = { 0x83, id, 0x00, 0xf5 };
    say_record(number, SEDGE_REC_COMMAND, value, sizeof value);
}

static void provision(uint8_t key, uint32_t floor)
{
    uint8_t payload[SEDGE_PROVISION_SIZE];
    memset(payload, key, sizeof payload);
    sedge_put_le32(payload + 24, floor);
    say(SEDGE_PROVISION, 0, 0, payload, sizeof payload);
    pass(5);
}

static void boot(void)
{
    board.to_device.from = board.to_device.to;
    board.to_host.from = board.to_host.to;
    (void)sedge_init(&device, &config, SEDGE_RESET_POWER);
}

static void go_online(void)
{
    static const uint8_t welcome[] = { 0x83, 0xf4, 0x00, 0x00 };
    struct frame frame;
    board_init(&board);
    boot();
    provision(0x11, 0);
    say_hello(1, 7, 0);
    pass(5);
    say_record(0, SEDGE_REC_WELCOME, welcome, sizeof welcome);
    pass(50);
    hold(sedge_state(&device) == SEDGE_ONLINE, "WELCOME puts the device online");
    say(SEDGE_ACK, 0, device.link.high, NULL, 0);
    pass(5);
    (void)count_heard(SEDGE_DATA, &frame);
}

/* ---- rules ---- */

static void cut_at_each_byte_of_an_epoch(void)
{
    static const uint8_t torn[] = { 0x00, 0xff, 0x5a };
    uint32_t highest = 0;
    board_init(&board);
    boot();
    provision(0x22, 250);
    highest = sedge_epoch(&device);
    for (long at = 0; at < 7; at++) {
        for (size_t t = 0; t < 3 * 20; t++) {
            uint32_t was = highest;
            board.cut_after = at;
            board.torn = torn[t % 3];
            if (!setjmp(board.power)) {
                boot();
            }
            if (board.cut_after >= 0) {
                highest = sedge_epoch(&device); /* it was not cut: the epoch may have been used */
            }
            board.cut_after = -1;
            boot();
            hold(sedge_state(&device) == SEDGE_NO_SESSION && sedge_epoch(&device) > highest && highest >= was,
                 "an epoch that was used never comes again, wherever the power was cut");
            highest = sedge_epoch(&device);
        }
    }
}

static void cut_at_each_byte_of_a_key(void)
{
    for (long at = 0; at < 70; at++) {
        struct sedge_key_slot slot;
        uint32_t epoch;
        bool first;
        board_init(&board);
        boot();
        provision(0x33, 7);
        epoch = sedge_epoch(&device);
        board.cut_after = at;
        board.torn = 0xff;
        if (!setjmp(board.power)) {
            memset(&slot, 0x44, sizeof slot);
            sedge_put_le32(slot.floor, 3);
            sedge_nv_provision(&device, &slot);
        }
        board.cut_after = -1;
        boot();
        first = sedge_nv_key(&device, &slot) && slot.key[0] == 0x33;
        hold(first || slot.key[0] == 0x44, "a cut while a key is replaced leaves the old one or the new one");
        hold(at < 30 ? first : slot.key[0] == 0x44, "the new key counts once its first slot is whole");
        hold(sedge_epoch(&device) > epoch, "epochs rise over a new key with a lower floor");
    }
}

static void worn_memory(void)
{
    board_init(&board);
    boot();
    provision(0x55, 0);
    board.worn = true;
    boot();
    hold(sedge_state(&device) == SEDGE_NV_FAULT, "nothing begins under an epoch that was not kept");
    hold(!sedge_publish_float(&device, 1, 1), "nothing is published then");
    say_hello(1, 4, 0);
    pass(5);
    hold(sedge_state(&device) == SEDGE_NV_FAULT, "no session then");
}

static void greetings_repeat(void)
{
    struct frame first;
    struct frame again;
    uint32_t session;
    board_init(&board);
    boot();
    provision(0x11, 0);
    say_hello(1, 4, 1);
    pass(5);
    hold(count_heard(SEDGE_HELLO_ACK, &first) == 1, "HELLO is answered");
    session = sedge_get_le32(device.greeting + SEDGE_AT_SESSION);
    (void)sedge_publish_float(&device, 1, 1);
    say_hello(1, 4, 2);
    pass(5);
    hold(count_heard(SEDGE_HELLO_ACK, &again) == 1 && again.length == first.length
             && !memcmp(first.body, again.body, first.length),
         "a HELLO sent again, with another utc, gets the very same HELLO_ACK");
    say_hello(1, 5, 2);
    pass(5);
    hold(!count_heard(SEDGE_HELLO_ACK, &again), "the same nonce with another window is refused");
    pass(300);
    for (uint8_t nonce = 2; nonce < 100; nonce++) {
        say_hello(nonce, 4, 0);
        pass(10);
    }
    hold(sedge_get_le32(device.greeting + SEDGE_AT_SESSION) <= session + 6, "a flood of HELLO begins few sessions");
    pass(2700);
    hold(sedge_state(&device) == SEDGE_GREETED, "a session waits 3 s for WELCOME");
    pass(400);
    hold(sedge_state(&device) == SEDGE_NO_SESSION && count_heard(SEDGE_RESET, &again) >= 1, "and no longer");
}

static void acks_and_naks(void)
{
    struct frame frame;
    uint8_t base;
    go_online();
    base = device.link.base;
    for (int i = 0; i < 4; i++) {
        (void)sedge_publish_float(&device, 1, (float)i);
    }
    pass(20);
    hold(count_heard(SEDGE_DATA, &frame) == 4, "a window goes out");
    say(SEDGE_NAK, base, base, NULL, 0);
    say(SEDGE_ACK, 0, (uint8_t)(base + 4), NULL, 0);
    pass(20);
    hold(!sedge_pending(&device) && !device.link.stats.bad_acks, "an ack counts though a NAK took the pointer back");
    (void)count_heard(SEDGE_DATA, &frame);
    say(SEDGE_ACK, 0, (uint8_t)(base + 9), NULL, 0);
    pass(5);
    hold(device.link.stats.bad_acks == 1 && sedge_state(&device) == SEDGE_ONLINE, "an ack of what was never sent does nothing");
    say(SEDGE_NAK, base, (uint8_t)(base + 4), NULL, 0);
    pass(5);
    hold(sedge_state(&device) == SEDGE_NO_SESSION, "a NAK for what was acknowledged ends the session");
}

static void one_nak_a_gap(void)
{
    struct frame frame;
    uint8_t wanted;
    unsigned done = commands_done;
    go_online();
    wanted = device.link.wanted;
    for (uint8_t i = 1; i <= 7; i++) {
        say_command((uint8_t)(wanted + i), i);
        pass(5);
    }
    hold(count_heard(SEDGE_NAK, &frame) == 1 && frame.body[1] == wanted, "seven frames above a gap get one NAK");
    say_command((uint8_t)(wanted + 1), 1);
    pass(5);
    hold(count_heard(SEDGE_NAK, &frame) == 1, "another one when the host went back and the wanted one was lost again");
    hold(commands_done == done, "nothing is done out of order");
}

static void commands_once(void)
{
    struct frame frame;
    unsigned before = commands_done;
    uint8_t wanted;
    go_online();
    wanted = device.link.wanted;
    for (uint8_t i = 0; i < SEDGE_RESULTS; i++) {
        say_command(wanted++, 7);
        pass(5);
    }
    hold(commands_done == before + 1, "a command that comes again is not done again");
    for (uint8_t i = 0; i < SEDGE_RESULTS; i++) {
        say_command(wanted, (uint8_t)(8 + i));
        pass(5);
        wanted = device.link.wanted;
    }
    hold(commands_done <= before + SEDGE_RESULTS, "a command waits while no result has room");
    (void)count_heard(SEDGE_ACK, &frame);
    pass(2100);
    hold(count_heard(SEDGE_DATA, &frame) >= 1 && (frame.body[0] & 0x20), "and the device says that it is not ready");
    say(SEDGE_ACK, 0, device.link.high, NULL, 0);
    pass(30);
    hold(count_heard(SEDGE_ACK, &frame) >= 1 && !(frame.body[0] & 0x20), "until a result is done with");
}

static void silent_hosts(void)
{
    struct frame frame;
    go_online();
    (void)sedge_publish_float(&device, 1, 1);
    pass(20);
    say(SEDGE_ACK | 0x20, 0, device.link.base, NULL, 0);
    pass(400);
    hold(count_heard(SEDGE_DATA, &frame) <= 1, "nothing is sent to a host that is not ready");
    pass(200);
    hold(count_heard(SEDGE_DATA, &frame) == 1, "but it is asked after 500 ms");
    pass(10000);
    hold(sedge_state(&device) == SEDGE_NO_SESSION, "a host that said not ready and fell silent is given up");
    hold(sedge_pending(&device) == 1, "and the reading stays");
}

static void garbage(void)
{
    struct frame frame;
    uint8_t noise[2000];
    uint32_t seed = 1;
    go_online();
    for (size_t i = 0; i < sizeof noise; i++) {
        seed = seed * 1103515245U + 12345U;
        noise[i] = (uint8_t)((seed >> 16) | 1);
    }
    wire_put(&board.to_device, noise, sizeof noise);
    pass(10);
    hold(device.link.stats.too_long == 1, "a frame that never ends is counted once");
    say(SEDGE_ACK, 0, device.link.high, NULL, 0);
    (void)sedge_publish_float(&device, 1, 1);
    pass(20);
    hold(count_heard(SEDGE_DATA, &frame) == 1, "and the link goes on behind it");
    for (int i = 0; i < 8; i++) {
        say(SEDGE_DATA, device.link.wanted, device.link.base, noise, 40);
        pass(2);
    }
    hold(device.link.stats.refused == 8 && sedge_state(&device) == SEDGE_NO_SESSION, "eight forged in a row end the session");
    (void)count_heard(SEDGE_RESET, &frame);
    for (int i = 0; i < 100; i++) {
        say(SEDGE_DATA, 0, 0, noise, 40);
        pass(10);
    }
    hold(count_heard(SEDGE_RESET, &frame) <= 11, "DATA outside of a session gets RESET, ten a second at most");
}

int main(void)
{
    cut_at_each_byte_of_an_epoch();
    cut_at_each_byte_of_a_key();
    worn_memory();
    greetings_repeat();
    acks_and_naks();
    one_nak_a_gap();
    commands_once();
    silent_hosts();
    garbage();
    printf("%d checks, %d failed\n", checked, failed);
    return failed ? 1 : 0;
}
