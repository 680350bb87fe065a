/* The ring holds readings in a row, the oldest first: size u8, then as in a record topic u8, counter u32, t u32, value.
 *
 * Where room is needed the oldest are lost, but not those that have a link number (`flying`): the same number must carry the
 * same content when it is sent again. So gaps may lie anywhere; where the counter of a reading does not follow that of the
 * one before, a GAP goes out first. What it says ends with that reading, which therefore stays, too. */
#include "device.h"

static uint32_t counter_of(const uint8_t *item)
{
    return sedge_get_le32(item + SEDGE_ITEM_COUNTER);
}

uint8_t *sedge_ring_item(const struct sedge_device *device, uint8_t index)
{
    uint8_t *item = sedge_config_of(device)->buffer;
    for (; index; index--) {
        item += *item;
    }
    return item;
}

SEDGE_APART uint32_t sedge_ring_expected(const struct sedge_device *device, uint8_t index)
{
    return index ? counter_of(sedge_ring_item(device, (uint8_t)(index - 1))) + 1 : device->due;
}

static void cut(struct sedge_device *device, uint8_t index)
{
    uint8_t *item = sedge_ring_item(device, index);
    const uint8_t *end = sedge_config_of(device)->buffer + device->used;
    const uint8_t *from = item + *item;
    device->used = (uint16_t)(device->used - *item);
    device->count--;
    while (from != end) {
        *item++ = *from++;
    }
}

/* Of the readings a warm reset leaves this number alone. */
static void remember(const struct sedge_device *device)
{
    struct sedge_keep *keep = sedge_config_of(device)->keep;
    if (keep) {
        keep->epoch = sedge_epoch(device);
        keep->counter = device->last;
        keep->check = ~device->last;
    }
}

void sedge_ring_clear(struct sedge_device *device)
{
    device->used = 0;
    device->count = 0;
    device->due = 1;
    device->last = 0;
    remember(device);
}

bool sedge_ring_add(struct sedge_device *device, uint8_t *item)
{
    const struct sedge_config *config = sedge_config_of(device);
    uint8_t stays = (uint8_t)(device->flying + device->gap);
    uint32_t counter = device->last + 1;
    uint16_t room = (uint16_t)(config->buffer + config->buffer_size - sedge_ring_item(device, stays));
    if (*item > room || !counter) {
        return false;
    }
    while (*item > config->buffer_size - device->used) {
        sedge_count(&device->link.stats.dropped);
        cut(device, stays);
    }
    sedge_put_le32(item + SEDGE_ITEM_COUNTER, counter);
    sedge_copy(config->buffer + device->used, item, *item);
    device->used = (uint16_t)(device->used + *item);
    device->count++;
    device->last = counter;
    remember(device);
    return true;
}

uint8_t sedge_ring_next(struct sedge_device *device)
{
    uint8_t next = device->flying;
    if (next == device->count) {
        return 0;
    }
    if (!device->gap && counter_of(sedge_ring_item(device, next)) != sedge_ring_expected(device, next)) {
        device->gap = 1;
        return SEDGE_REC_GAP;
    }
    device->gap = 0;
    device->flying++;
    return SEDGE_REC_READING;
}

void sedge_ring_done(struct sedge_device *device, uint8_t type)
{
    device->due = counter_of(sedge_config_of(device)->buffer);
    if (type == SEDGE_REC_READING) {
        device->due++;
        cut(device, 0);
        device->flying--;
    }
}
