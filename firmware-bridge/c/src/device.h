/* What the files of the device share among themselves. */
#ifndef SEDGE_DEVICE_H
#define SEDGE_DEVICE_H

#include "ascon.h"
#include "sedge_link.h"

#include <string.h>

#define SEDGE_ID_SIZE 8
#define SEDGE_KEY_SIZE 16
#define SEDGE_TAG_SIZE 8

/* ---- what the sketch gave ---- */

static inline const struct sedge_config *sedge_config_of(const struct sedge_device *device)
{
#if SEDGE_STATIC_CONFIG
    (void)device;
    return &sedge_static_config;
#else
    return device->config;
#endif
}

/* ---- bytes.c ---- */

/* For an AVR gcc makes a loop of each memcpy and memset of fixed length, in place; a call is smaller. */
void sedge_copy(uint8_t *to, const uint8_t *from, uint8_t count);
void sedge_wipe(uint8_t *bytes, uint8_t count);

/* ---- numbers on the wire ---- */

/* A chip of 8 bits has a hard time with shifts; where memory has the order of the wire, it is copied. */
static inline void sedge_put_le32(uint8_t *bytes, uint32_t value)
{
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    memcpy(bytes, &value, sizeof value);
#else
    bytes[0] = (uint8_t)value;
    bytes[1] = (uint8_t)(value >> 8);
    bytes[2] = (uint8_t)(value >> 16);
    bytes[3] = (uint8_t)(value >> 24);
#endif
}

static inline uint32_t sedge_get_le32(const uint8_t *bytes)
{
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    uint32_t value;
    memcpy(&value, bytes, sizeof value);
    return value;
#else
    return bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
#endif
}

static inline void sedge_put_le16(uint8_t *bytes, uint16_t value)
{
    bytes[0] = (uint8_t)value;
    bytes[1] = (uint8_t)(value >> 8);
}

static inline uint16_t sedge_get_le16(const uint8_t *bytes)
{
    return (uint16_t)(bytes[0] | bytes[1] << 8);
}

/* ---- greeting: HELLO's first 11 bytes, then HELLO_ACK's first 37, and its tag ---- */

#define SEDGE_HELLO_TAGGED 11 /* protocol, nonce, mtu, window; utc may differ when it is sent again */
#define SEDGE_HELLO_ACK_SIZE 37
#define SEDGE_AT_NONCE 1
#define SEDGE_AT_HELLO_MTU 9
#define SEDGE_AT_HELLO_WINDOW 10
#define SEDGE_AT_ACK SEDGE_HELLO_TAGGED
#define SEDGE_AT_ID (SEDGE_AT_ACK + 1)
#define SEDGE_AT_FIRMWARE (SEDGE_AT_ACK + 9)
#define SEDGE_AT_EPOCH (SEDGE_AT_ACK + 13)
#define SEDGE_AT_SESSION (SEDGE_AT_ACK + 17)
#define SEDGE_AT_CAPABILITIES (SEDGE_AT_ACK + 21)
#define SEDGE_AT_MTU (SEDGE_AT_ACK + 22)
#define SEDGE_AT_WINDOW (SEDGE_AT_ACK + 23)
#define SEDGE_AT_CAUSE (SEDGE_AT_ACK + 24)
#define SEDGE_AT_TOPICS_CRC (SEDGE_AT_ACK + 25)
#define SEDGE_AT_QUEUED (SEDGE_AT_ACK + 27)
#define SEDGE_AT_DROPPED (SEDGE_AT_ACK + 29)
#define SEDGE_AT_PREVIOUS (SEDGE_AT_ACK + 31)
#define SEDGE_AT_SILENCE (SEDGE_AT_ACK + 35)

/* ---- nv.c: key slots and epoch cells ---- */

/* A key slot, as PROVISION brings it. */
struct sedge_key_slot {
    uint8_t id[SEDGE_ID_SIZE];
    uint8_t key[SEDGE_KEY_SIZE];
    uint8_t floor[4];
    uint8_t crc[2];
};

#define SEDGE_PROVISION_SIZE 28

/* Finds the key, mends the slots, takes the next epoch. Sets id, epoch and previous of the greeting, and the state. */
void sedge_nv_start(struct sedge_device *device);

/* Reads the good key slot. False: there is none. */
bool sedge_nv_key(const struct sedge_device *device, struct sedge_key_slot *slot);

/* Writes the slots, `crc` aside, and starts with them. */
void sedge_nv_provision(struct sedge_device *device, struct sedge_key_slot *slot);

/* ---- ring.c: the readings that are not durable yet ---- */

/* Place of the counter in an item of the ring. */
#define SEDGE_ITEM_COUNTER 2

/* Forgets all readings, and counts on from 1. */
void sedge_ring_clear(struct sedge_device *device);

/* Takes an item, and gives it its counter. False: larger than the ring, or the numbers are used up. */
bool sedge_ring_add(struct sedge_device *device, uint8_t *item);

/* Item `index`, 0 being the oldest, and the counter it would have if nothing before it were lost. */
uint8_t *sedge_ring_item(const struct sedge_device *device, uint8_t index);
uint32_t sedge_ring_expected(const struct sedge_device *device, uint8_t index);

/* Record type that goes next out of the ring (READING, or the GAP before it), now on its way; or 0. */
uint8_t sedge_ring_next(struct sedge_device *device);

/* The oldest on its way is durable: a READING, or a GAP. */
void sedge_ring_done(struct sedge_device *device, uint8_t type);

/* ---- cbor_writer.c, cbor_reader.c ---- */

/* A head of CBOR: major type, and the number behind it. */
struct sedge_head {
    uint32_t value; /* the low 32 bits */
    uint8_t major;
    uint8_t info;
    bool large;     /* the number has more than 32 bits */
};

bool sedge_get_head(struct sedge_reader *in, struct sedge_head *head);

/* A whole item, or the head of one, of one byte. */
void sedge_put_byte(struct sedge_writer *out, uint8_t byte);
#define SEDGE_ARRAY_OF(count) (0x80 | (count))

/* ---- seal.c ---- */

enum sedge_direction {
    SEDGE_OF_READING = 0,
    SEDGE_OF_HOST = 1,
    SEDGE_OF_DEVICE = 2,
    SEDGE_OF_HELLO_ACK = 3,
    SEDGE_OF_PROVISIONED = 4
};

#define SEDGE_RECORD_HEAD 10
#define SEDGE_SEALED 0x80
#define SEDGE_SIGNED 0x40

/* Makes the session's key of the greeting and the device's key. */
void sedge_session_key(struct sedge_device *device);

/* Seals a record of `length` bytes (head and value), or vouches for the greeting, and puts the tag behind it. Returns the
 * length with it. */
uint8_t sedge_seal(const struct sedge_device *device, enum sedge_direction direction, uint8_t *bytes, uint8_t length);

/* Opens a record of the host; `length` is without the tag. False: not of the host, its text is rubbish now. */
bool sedge_open(const struct sedge_device *device, uint8_t *record, uint8_t length);

/* The payload of PROVISIONED. */
void sedge_put_provisioned(const struct sedge_device *device, uint8_t *payload);

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

/* Over all topics, into the greeting. False: one of them does not fit a record. */
bool sedge_topics_check(struct sedge_device *device);

/* Something waits to be sent. */
bool sedge_records_wait(const struct sedge_device *device);

/* Nothing of the session is on its way any more. */
void sedge_records_land(struct sedge_device *device);

void sedge_count(sedge_tally *counter);

/* Where there are no statistics only `dropped` is counted, which HELLO_ACK tells. */
#if SEDGE_STATS
#define SEDGE_NOTE(counter) sedge_count(counter)
#else
#define SEDGE_NOTE(counter) ((void)(counter))
#endif

/* ---- commands.c ---- */

/* Takes a COMMAND's value. SEDGE_NOT_NOW: all results wait to be acknowledged. */
enum sedge_taken sedge_command_take(struct sedge_device *device, uint8_t command, struct sedge_reader *value);

/* Marks the next result that waits as on its way and says its place; 0xff for none. */
uint8_t sedge_result_next(struct sedge_device *device);
void sedge_result_put(const struct sedge_device *device, uint8_t place, struct sedge_writer *out);
void sedge_result_done(struct sedge_device *device, uint8_t place);
void sedge_results_land(struct sedge_device *device);

/* ---- device.c ---- */

/* WELCOME proved that the host has the key. */
void sedge_welcome(struct sedge_device *device, bool topics_wanted, uint32_t stats_s);

#endif
