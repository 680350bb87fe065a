#include "device.h"

#include <string.h>

#define SLOT_SIZE 30
#define SLOT_DATA 28
#define SLOTS_END (2 * SLOT_SIZE)
#define CELL_SIZE 6
#define CELL_DATA 4
#define CELLS 16
#define NO_KEY 0xff

static bool write_checked(void *port, uint8_t at, uint8_t *bytes, uint8_t length)
{
    uint8_t back[SLOT_SIZE];
    uint16_t crc = sedge_crc16(0xffff, bytes, length);
    bytes[length] = (uint8_t)crc;
    bytes[length + 1] = (uint8_t)(crc >> 8);
    sedge_port_nv_write(port, at, bytes, (uint8_t)(length + 2));
    sedge_port_nv_read(port, at, back, (uint8_t)(length + 2));
    return !memcmp(back, bytes, (size_t)length + 2);
}

static bool read_checked(void *port, uint8_t at, uint8_t *bytes, uint8_t length)
{
    uint16_t crc;
    sedge_port_nv_read(port, at, bytes, (uint8_t)(length + 2));
    crc = sedge_crc16(0xffff, bytes, length);
    return bytes[length] == (uint8_t)crc && bytes[length + 1] == (uint8_t)(crc >> 8);
}

void sedge_nv_get(const struct sedge_device *device, uint8_t field, uint8_t *bytes, uint8_t length)
{
    sedge_port_nv_read(device->config->port, (uint8_t)(device->key_at + field), bytes, length);
}

bool sedge_nv_holds(const struct sedge_device *device, const uint8_t *provision)
{
    uint8_t slot[SLOT_DATA];
    if (device->key_at == NO_KEY) {
        return false;
    }
    sedge_nv_get(device, 0, slot, sizeof slot);
    return !memcmp(slot, provision, sizeof slot);
}

/* Slot A goes first, so slot B is the older one where the two differ: a cut between them is healed here. */
static void find_key(struct sedge_device *device)
{
    void *port = device->config->port;
    uint8_t a[SLOT_SIZE];
    uint8_t b[SLOT_SIZE];
    bool a_good = read_checked(port, 0, a, SLOT_DATA);
    bool b_good = read_checked(port, SLOT_SIZE, b, SLOT_DATA);
    device->key_at = NO_KEY;
    if (a_good) {
        device->key_at = 0;
        if (!b_good || memcmp(a, b, sizeof a) != 0) {
            (void)write_checked(port, SLOT_SIZE, a, SLOT_DATA);
        }
    } else if (b_good) {
        device->key_at = SLOT_SIZE;
        if (write_checked(port, 0, b, SLOT_DATA)) {
            device->key_at = 0;
        }
    }
}

static uint32_t newest_epoch(struct sedge_device *device)
{
    uint8_t bytes[CELL_SIZE];
    uint32_t newest;
    device->cell = CELLS - 1;
    sedge_nv_get(device, SEDGE_NV_FLOOR, bytes, 4);
    newest = sedge_get_le32(bytes);
    for (uint8_t i = 0; i < CELLS; i++) {
        if (read_checked(device->config->port, (uint8_t)(SLOTS_END + CELL_SIZE * i), bytes, CELL_DATA)
            && sedge_get_le32(bytes) >= newest) {
            newest = sedge_get_le32(bytes);
            device->cell = i;
        }
    }
    return newest;
}

/* A worn cell does not keep the epoch: then the next one is tried, but never the one that holds the newest. Nothing is
 * sealed before one of them did. */
static bool write_epoch(struct sedge_device *device, uint32_t epoch)
{
    for (uint8_t tries = CELLS - 1; tries; tries--) {
        uint8_t bytes[CELL_SIZE];
        device->cell = (uint8_t)((device->cell + 1) % CELLS);
        sedge_put_le32(bytes, epoch);
        if (write_checked(device->config->port, (uint8_t)(SLOTS_END + CELL_SIZE * device->cell), bytes, CELL_DATA)) {
            return true;
        }
    }
    return false;
}

static void next_epoch(struct sedge_device *device)
{
    const struct sedge_keep *keep = device->config->keep;
    uint32_t newest = newest_epoch(device);
    device->previous = 0;
    if (keep && keep->epoch == newest && keep->check == ~(keep->epoch ^ keep->counter)) {
        device->previous = keep->counter;
    }
    device->epoch = 0;
    device->state = SEDGE_NV_FAULT;
    if (newest != UINT32_MAX && write_epoch(device, newest + 1)) {
        device->epoch = newest + 1;
        device->state = SEDGE_NO_SESSION;
    }
}

void sedge_nv_start(struct sedge_device *device)
{
    find_key(device);
    if (device->key_at == NO_KEY) {
        device->epoch = 0;
        device->state = SEDGE_NO_KEY;
    } else {
        next_epoch(device);
    }
}

bool sedge_nv_provision(struct sedge_device *device, const uint8_t *provision)
{
    uint8_t slot[SLOT_SIZE];
    memcpy(slot, provision, SLOT_DATA);
    if (write_checked(device->config->port, 0, slot, SLOT_DATA)) {
        (void)write_checked(device->config->port, SLOT_SIZE, slot, SLOT_DATA);
    }
    sedge_nv_start(device);
    return device->state == SEDGE_NO_SESSION && sedge_nv_holds(device, provision);
}
