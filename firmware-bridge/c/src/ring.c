/* The ring holds readings in a row: size u8, topic u8, t u32, value. Their counters are not stored, as they follow each
 * other up to the last one given. An item never wraps: what is left moves to the front when the end is reached.
 *
 * Where room is needed the oldest are lost, but not those that have a link number (`flying`): the same number must carry the
 * same content when it is sent again. So a gap opens behind them, and they are `pinned`:
 *
 *     gap_sent | pinned | gap | the rest, up to the last
 *
 * Once all before the gap is done it goes out as a GAP, which makes it gap_sent, and readings follow at once. Another one
 * may open meanwhile, but not before a window of readings: or, where readings come faster than the line takes them, there
 * would be nothing but gaps. A gap of GAP_MAX grows no more: the host meets a hole before it, and reports that as lost. */
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
    device->flying = 0;
    device->gap = 0;
    device->gap_sent = 0;
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

/* So many readings stay when a gap opens. */
static uint8_t held(const struct sedge_device *device)
{
    if (!device->gap_sent || device->flying >= SEDGE_WINDOW) {
        return device->flying;
    }
    return device->count < SEDGE_WINDOW ? (uint8_t)device->count : SEDGE_WINDOW;
}

static void lose_pinned(struct sedge_device *device)
{
    for (; device->pinned; device->pinned--) {
        cut(device, 0);
        grow_gap(device);
    }
}

/* Loses the oldest reading that may be lost; where none may, the new one. False: it is that. */
static bool lose_one(struct sedge_device *device)
{
    bool others;
    if (!device->gap) {
        device->pinned = held(device);
    } else if (!device->flying && !device->gap_sent) {
        /* Of an old session: all at once, as a full gap that grows no more must not have any before it. */
        lose_pinned(device);
    }
    others = device->count != device->pinned;
    if (others) {
        cut(device, device->pinned);
    }
    grow_gap(device);
    return others;
}

/* Two gaps become one: what lies between is lost with them (the host may have it, and knows better then). */
void sedge_ring_land(struct sedge_device *device)
{
    uint16_t sent = device->gap_sent;
    device->flying = 0;
    device->gap_sent = 0;
    if (sent) {
        if (device->gap) {
            lose_pinned(device);
        }
        device->pinned = 0;
        device->gap = (uint16_t)(device->gap + sent);
        if (device->gap > GAP_MAX) {
            device->gap = GAP_MAX;
        }
    }
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
    device->gap_sent = 0;
}
