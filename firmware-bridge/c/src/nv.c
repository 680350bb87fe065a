#include "device.h"

#define SLOT_SIZE 30
#define SLOTS_END (2 * SLOT_SIZE)
#define CELL_SIZE 6
#define CELLS 16

/* False: torn, worn or never written. */
static bool get(const struct sedge_device *device, uint8_t at, uint8_t *bytes, uint8_t size)
{
    sedge_port_nv_read(sedge_config_of(device)->port, at, bytes, size);
    return sedge_crc_end(bytes, size);
}

/* Written and read back. A worn place that kept what was there before has another CRC: no two epochs 16 apart share one. */
static bool put(const struct sedge_device *device, uint8_t at, uint8_t *bytes, uint8_t size)
{
    const uint8_t *end = bytes + size - SEDGE_CRC_SIZE;
    uint16_t crc;
    (void)sedge_crc_end(bytes, size);
    crc = sedge_get_le16(end);
    sedge_port_nv_write(sedge_config_of(device)->port, at, bytes, size);
    return get(device, at, bytes, size) && sedge_get_le16(end) == crc;
}

/* Slot A is written first, so slot B is the older one where two good ones differ. */
bool sedge_nv_key(const struct sedge_device *device, struct sedge_key_slot *slot)
{
    return get(device, 0, slot->id, SLOT_SIZE) || get(device, SLOT_SIZE, slot->id, SLOT_SIZE);
}

static uint32_t newest_epoch(struct sedge_device *device, uint32_t newest)
{
    device->cell = CELLS - 1;
    for (uint8_t i = 0; i < CELLS; i++) {
        uint8_t cell[CELL_SIZE];
        if (get(device, (uint8_t)(SLOTS_END + CELL_SIZE * i), cell, CELL_SIZE) && sedge_get_le32(cell) >= newest) {
            newest = sedge_get_le32(cell);
            device->cell = i;
        }
    }
    return newest;
}

/* A worn cell does not keep the epoch: then the next one is tried, but never the one that holds the newest. Nothing is
 * sealed before one of them did. */
static bool put_epoch(struct sedge_device *device, uint32_t epoch)
{
    uint8_t cell[CELL_SIZE];
    sedge_put_le32(cell, epoch);
    for (uint8_t tries = CELLS - 1; tries; tries--) {
        device->cell = (uint8_t)((device->cell + 1) % CELLS);
        if (put(device, (uint8_t)(SLOTS_END + CELL_SIZE * device->cell), cell, CELL_SIZE)) {
            return true;
        }
    }
    return false;
}

void sedge_nv_start(struct sedge_device *device)
{
    const struct sedge_keep *keep = sedge_config_of(device)->keep;
    struct sedge_key_slot slot;
    uint32_t epoch;
    if (!sedge_nv_key(device, &slot)) {
        device->state = SEDGE_NO_KEY;
        return;
    }
    sedge_copy(device->greeting + SEDGE_AT_ID, slot.id, SEDGE_ID_SIZE);
    epoch = newest_epoch(device, sedge_get_le32(slot.floor));
    if (keep && keep->epoch == epoch && keep->check == ~keep->counter) {
        sedge_put_le32(device->greeting + SEDGE_AT_PREVIOUS, keep->counter);
    }
    device->state = SEDGE_NV_FAULT;
    if (++epoch && put_epoch(device, epoch)) {
        sedge_put_le32(device->greeting + SEDGE_AT_EPOCH, epoch);
        device->state = SEDGE_NO_SESSION;
    }
}

void sedge_nv_provision(struct sedge_device *device, struct sedge_key_slot *slot)
{
    if (put(device, 0, slot->id, SLOT_SIZE)) {
        (void)put(device, SLOT_SIZE, slot->id, SLOT_SIZE);
    }
    /* Nothing of the life before: id, epoch, session, previous. */
    sedge_wipe(device->greeting + SEDGE_AT_ID, SEDGE_ID_SIZE);
    sedge_wipe(device->greeting + SEDGE_AT_EPOCH, 8);
    sedge_nv_start(device);
    sedge_wipe(device->greeting + SEDGE_AT_PREVIOUS, 4);
}
