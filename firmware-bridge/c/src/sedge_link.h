/* The link alone: framing and go-back-N. src/device.c gives its hooks sealed records; a program that wants the bare link
 * (a measurement, another protocol above) compiles crc16.c, link.c and hooks of its own. */
#ifndef SEDGE_LINK_H
#define SEDGE_LINK_H

#include "../include/sedge.h"

/* Before a function that stays one. gcc puts what has one caller into it, and on an AVR some programs get larger by it:
 * where this stands was tried out. */
#ifdef __AVR__
#define SEDGE_APART __attribute__((noinline))
#else
#define SEDGE_APART
#endif

enum sedge_frame_type {
    SEDGE_DATA = 1,
    SEDGE_ACK = 2,
    SEDGE_NAK = 3,
    SEDGE_HELLO = 4,
    SEDGE_HELLO_ACK = 5,
    SEDGE_RESET = 6,
    SEDGE_LOG = 7,
    SEDGE_PROVISION = 8,
    SEDGE_PROVISIONED = 9
};

enum sedge_taken {
    SEDGE_TAKEN,      /* handled: will be acknowledged */
    SEDGE_REFUSED,    /* not of the host: the link does not move */
    SEDGE_NOT_NOW     /* not ready: the link does not move, the host holds */
};

/* A side that sent nothing for so long sends a heartbeat. */
#define SEDGE_BEAT_MS 2000

/* `link` is all zero. */
void sedge_link_init(struct sedge_link *link, void *port);

/* Begins the numbers of both directions again, without a session: only control frames go out. */
void sedge_link_restart(struct sedge_link *link);

/* A session begins: `window` is what the other side announced. */
void sedge_link_start(struct sedge_link *link, uint8_t window);

/* Lets DATA out; before, a session only receives. */
void sedge_link_open(struct sedge_link *link);

/* Takes all that came, sends at most one frame. */
void sedge_link_poll(struct sedge_link *link);

/* The frame `control` is to go out as soon as the one before is out. */
void sedge_link_control(struct sedge_link *link, uint8_t type);

/* Says that SEDGE_NOT_NOW is over. */
void sedge_link_ready(struct sedge_link *link);

/* Where the payload of the next frame can be written while nothing goes out; also scratch memory. NULL: busy. */
uint8_t *sedge_link_payload(struct sedge_link *link);
void sedge_link_send(struct sedge_link *link, uint8_t type, uint8_t length);

/* The ready window has room for a record. */
bool sedge_link_may_send(const struct sedge_link *link);

/* ms until the link has to be polled, should nothing come and no new record wait. */
uint16_t sedge_link_wait_ms(const struct sedge_link *link);

uint16_t sedge_crc16(uint16_t crc, const uint8_t *bytes, size_t length);

/* Puts the CRC, low byte first, into the last two of `size` bytes. True: it was there already. */
#define SEDGE_CRC_SIZE 2
bool sedge_crc_end(uint8_t *bytes, uint8_t size);

/* ---- Hooks: one program, one set ---- */

/* Writes the payload of DATA `number` to `payload` and returns its length. A number that was sent before gives the
 * same record again. A number above: the next record, or 0 for none. */
uint8_t sedge_link_fill(struct sedge_link *link, uint8_t number, uint8_t *payload);

/* The same for a control frame that sedge_link_control asked for. */
uint8_t sedge_link_fill_control(struct sedge_link *link, uint8_t type, uint8_t *payload);

/* DATA `number` is done with; called in order, once each. */
void sedge_link_done(struct sedge_link *link, uint8_t number);

/* DATA came in order. The payload may be changed in place. */
enum sedge_taken sedge_link_take(struct sedge_link *link, uint8_t *payload, uint8_t length);

/* Any other frame for a device: HELLO, PROVISION; DATA, ACK and NAK where there is no session. */
void sedge_link_other(struct sedge_link *link, uint8_t type, uint8_t *payload, uint8_t length);

/* The session is over: the other side fell silent, forges or lost count. */
void sedge_link_lost(struct sedge_link *link);

#endif
