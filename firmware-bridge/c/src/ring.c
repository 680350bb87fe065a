/* The ring holds readings in a row: length u8, topic u8, t u32, value. Their counters are not stored, as they follow each
 * other up to the last one given. An item never wraps: what is left moves to the front when the end is reached.
 *
 * Where room is needed the oldest are lost, but not those that have a link number (`flying`): the same number must carry the
 * same content when it is sent again. So a gap opens behind them, and they are `pinned`:
 *
 *     pinned | gap | the rest, up to the last
 *
 * There is one gap at most, as nothing behind it is sent before the GAP record, which goes alone, is durable. A gap of
 * GAP_MAX grows no more: the host meets a hole before it, and reports that as lost. */
#include "device.h"

#define GAP_MAX 0x7fff

uint8_t *sedge_ring_oldest(const struct sedge_device *device)
{
    return device->config->buffer + device->head;
}

uint32_t sedge_ring_counter(const struct sedge_device *device, uint8_t index)
{
    uint16_t before = (uint16_t)(device->count + device->gap - 1 - index);
    if (index >= device->pinned) {
        before = (uint16_t)(device->count - 1 - index);
    }
    return device->keep->counter - before;
}

void sedge_ring_land(struct sedge_device *device)
{
    device->flying = 0;
    device->gap_sent = 0;
}

static void set_counter(struct sedge_keep *keep, uint32_t counter)
{
    keep->counter = counter;
    keep->check = ~counter;
}

void sedge_ring_clear(struct sedge_device *device)
{
    device->used = 0;
    device->count = 0;
    device->pinned = 0;
    device->gap = 0;
    device->keep->epoch = sedge_epoch(device);
    set_counter(device->keep, 0);
}

/* Takes out the item behind the first `before`, which move up. */
static void cut(struct sedge_device *device, uint8_t before)
{
    uint8_t *oldest = sedge_ring_oldest(device);
    uint8_t *item = oldest;
    uint8_t size;
    while (before--) {
        item += *item;
    }
    size = *item;
    memmove(oldest + size, oldest, (size_t)(item - oldest));
    device->head = (uint16_t)(device->head + size);
    device->used = (uint16_t)(device->used - size);
    device->count--;
}

static void grow_gap(struct sedge_device *device)
{
    if (device->gap != GAP_MAX) {
        device->gap++;
    }
    sedge_count(&device->link.stats.dropped);
}

/* Loses the oldest reading that may be lost; where all that is left is on its way, the new one. False: it is that. */
static bool lose_one(struct sedge_device *device)
{
    bool others;
    if (!device->gap) {
        device->pinned = device->flying;
    }
    /* Of an old session: all at once, as a full gap that grows no more must not have any before it. */
    while (device->pinned && !device->flying) {
        device->pinned--;
        cut(device, 0);
        grow_gap(device);
    }
    others = device->count != device->pinned;
    if (others) {
        cut(device, device->pinned);
    }
    grow_gap(device);
    return others;
}

bool sedge_ring_add(struct sedge_device *device, const uint8_t *item)
{
    uint16_t size = device->config->buffer_size;
    uint32_t counter = device->keep->counter + 1;
    /* What is on its way before a gap has counters that follow from the gap's size. */
    if (*item > size || !counter || (device->gap == GAP_MAX && (device->flying || device->gap_sent))) {
        return false;
    }
    set_counter(device->keep, counter);
    while (*item > size - device->used) {
        if (!lose_one(device)) {
            return true;
        }
    }
    if (*item > size - device->used - device->head) {
        memmove(device->config->buffer, sedge_ring_oldest(device), device->used);
        device->head = 0;
    }
    memcpy(sedge_ring_oldest(device) + device->used, item, *item);
    device->used = (uint16_t)(device->used + *item);
    device->count++;
    return true;
}

uint8_t sedge_ring_next(const struct sedge_device *device)
{
    if (device->gap && device->flying == device->pinned) {
        return device->flying || device->gap_sent ? 0 : SEDGE_REC_GAP;
    }
    return device->flying < device->count ? SEDGE_REC_READING : 0;
}

void sedge_ring_reading_done(struct sedge_device *device)
{
    cut(device, 0);
    device->flying--;
    if (device->pinned) {
        device->pinned--;
    }
}

void sedge_ring_gap_done(struct sedge_device *device)
{
    device->gap = (uint16_t)(device->gap - device->gap_sent);
    device->gap_sent = 0;
}
