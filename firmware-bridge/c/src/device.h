/* What the files of the device share among themselves. */
#ifndef SEDGE_DEVICE_H
#define SEDGE_DEVICE_H

#include "ascon.h"
#include "sedge_link.h"

/* ---- nv.c: key slots and epoch cells ---- */

#define SEDGE_ID_SIZE 8
#define SEDGE_KEY_SIZE 16
#define SEDGE_NV_ID 0
#define SEDGE_NV_KEY 8
#define SEDGE_NV_FLOOR 24

/* Finds the key, mends the other slot, takes the next epoch. Sets epoch, previous and state. */
void sedge_nv_start(struct sedge_device *device);

/* Reads from the good key slot. */
void sedge_nv_get(const struct sedge_device *device, uint8_t field, uint8_t *bytes, uint8_t length);

/* Writes id, key and floor (28 bytes as they came in PROVISION) and starts with them. False: not kept. */
bool sedge_nv_provision(struct sedge_device *device, const uint8_t *provision);

/* These very 28 bytes are what the device holds. */
bool sedge_nv_holds(const struct sedge_device *device, const uint8_t *provision);

/* ---- ring.c: the readings that are not durable yet ---- */

struct sedge_part {
    const uint8_t *bytes;
    uint16_t length;
};

struct sedge_reading {
    uint32_t counter;
    uint8_t length;
    uint8_t topic;
};

void sedge_ring_init(struct sedge_device *device);

/* Forgets all readings, and counts on from 1. */
void sedge_ring_clear(struct sedge_device *device);

/* The session is over: nothing is on its way any more. */
void sedge_ring_land(struct sedge_device *device);

/* A reading to take: its value in parts, which together fit a record. */
#define SEDGE_PARTS 3

struct sedge_item {
    struct sedge_part parts[SEDGE_PARTS];
    uint32_t t;
    uint16_t length; /* of the parts */
    uint8_t topic;
};

/* False: longer than the ring, or the numbers are used up. */
bool sedge_ring_add(struct sedge_device *device, const struct sedge_item *item);

/* Record type that goes next out of the ring (READING, GAP), or 0. */
uint8_t sedge_ring_next(const struct sedge_device *device);

/* Copies reading `index` (0: oldest): t, then the value, to `bytes`. */
void sedge_ring_read(const struct sedge_device *device, uint8_t index, struct sedge_reading *reading, uint8_t *bytes);

/* The oldest reading, or the GAP, is durable. */
void sedge_ring_reading_done(struct sedge_device *device);
void sedge_ring_gap_done(struct sedge_device *device);

/* ---- cbor_writer.c ---- */

/* The first byte with major type `major` (0x00, 0x20, .. 0xe0) and the shortest number. */
void sedge_put_head(struct sedge_writer *out, uint8_t major, uint32_t value);

/* ---- seal.c ---- */

enum sedge_direction {
    SEDGE_OF_READING = 0,
    SEDGE_OF_HOST = 1,
    SEDGE_OF_DEVICE = 2,
    SEDGE_OF_HELLO_ACK = 3,
    SEDGE_OF_PROVISIONED = 4
};

#define SEDGE_TAG_SIZE 8
#define SEDGE_RECORD_HEAD 10
#define SEDGE_SEALED 0x80
#define SEDGE_SIGNED 0x40

void sedge_put_le32(uint8_t *bytes, uint32_t value);
uint32_t sedge_get_le32(const uint8_t *bytes);

void sedge_session_key(struct sedge_device *device);

/* Seals the record of `length` bytes (head and value) and puts the tag behind it. Returns the length with it. */
uint8_t sedge_seal(const struct sedge_device *device, enum sedge_direction direction, uint8_t *record, uint8_t length);

/* Opens a record of the host, tag included in `length`. False: not of the host, its text is rubbish now. */
bool sedge_open(const struct sedge_device *device, uint8_t *record, uint8_t length);

/* Tags over `length` bytes of associated data, written behind them. */
void sedge_tag_hello_ack(const struct sedge_device *device, uint8_t *bytes, uint8_t length);
void sedge_tag_provisioned(const struct sedge_device *device, uint8_t *bytes);

/* ---- records.c: what goes out and what came in ---- */

enum sedge_record {
    SEDGE_REC_READING = 1,
    SEDGE_REC_COMMAND = 2,
    SEDGE_REC_RESULT = 3,
    SEDGE_REC_REGISTER = 4,
    SEDGE_REC_TIME = 5,
    SEDGE_REC_STATS = 6,
    SEDGE_REC_GAP = 7,
    SEDGE_REC_WELCOME = 9
};

/* Bits of todo. */
#define SEDGE_TODO_TIME 1
#define SEDGE_TODO_STATS 2
#define SEDGE_TODO_RESULT 4
#define SEDGE_TODO_REFUSE 8 /* HELLO_ACK to a host of a higher protocol */

/* Over all topics. False: one of them does not fit a record. */
bool sedge_topics_check(struct sedge_device *device);

/* Something waits to be sent. */
bool sedge_records_wait(const struct sedge_device *device);

/* Nothing of the session is on its way any more. */
void sedge_records_land(struct sedge_device *device);

void sedge_count(uint16_t *counter);

/* ---- commands.c ---- */

/* Takes a COMMAND's value. SEDGE_NOT_NOW: all results wait to be acknowledged. */
enum sedge_taken sedge_command_take(struct sedge_device *device, uint8_t command, struct sedge_reader *value);

/* Marks the next result that waits as on its way and says its place; 0xff for none. */
uint8_t sedge_result_next(struct sedge_device *device);
void sedge_result_put(const struct sedge_device *device, uint8_t place, struct sedge_writer *out);
void sedge_result_done(struct sedge_device *device, uint8_t place);
void sedge_results_land(struct sedge_device *device);

/* ---- device.c ---- */

void sedge_welcome(struct sedge_device *device, struct sedge_reader *value);

#endif
