/* The ring holds readings in a row: length u8, topic u8, t u32, value. Their counters are not stored, as they follow each
 * other: `first` is that of the oldest.
 *
 * Where room is needed the oldest are lost, but not those that have a link number (`flying`): the same number must carry the
 * same content when it is sent again. So a gap opens behind them, and they are `pinned` until they are done:
 *
 *     first .. first + pinned - 1 | gap | the rest, up to last
 *
 * There is one gap at most, as nothing behind it is sent before the GAP record, which goes alone, is durable. */
#include "device.h"

static uint16_t wrapped(const struct sedge_device *device, uint32_t offset)
{
    uint32_t at = device->head + offset;
    return (uint16_t)(at >= device->config->buffer_size ? at - device->config->buffer_size : at);
}

static uint8_t *byte_at(const struct sedge_device *device, uint16_t offset)
{
    return &device->config->buffer[wrapped(device, offset)];
}

void sedge_ring_init(struct sedge_device *device)
{
    device->head = 0;
    device->used = 0;
    device->count = 0;
    device->pinned = 0;
    device->gap = 0;
    device->first = 1;
    device->last = 0;
    sedge_ring_land(device);
}

void sedge_ring_land(struct sedge_device *device)
{
    device->flying = 0;
    device->gap_sent = 0;
}

/* The ring's copy survives a warm reset only as this number. */
static void remember(struct sedge_device *device)
{
    struct sedge_keep *keep = device->config->keep;
    if (keep) {
        keep->epoch = device->epoch;
        keep->counter = device->last;
        keep->check = ~(device->epoch ^ device->last);
    }
}

void sedge_ring_clear(struct sedge_device *device)
{
    for (uint16_t left = device->count; left; left--) {
        sedge_count(&device->link.stats.dropped);
    }
    sedge_ring_init(device);
    remember(device);
}

static uint16_t item_size(const struct sedge_device *device, uint16_t offset)
{
    return (uint16_t)(*byte_at(device, offset) + SEDGE_ITEM_HEAD);
}

/* Bytes of the first `items`. */
static uint16_t size_of(const struct sedge_device *device, uint8_t items)
{
    uint16_t offset = 0;
    while (items--) {
        offset = (uint16_t)(offset + item_size(device, offset));
    }
    return offset;
}

/* Takes `size` bytes out behind the first `before`, which move up. */
static void cut(struct sedge_device *device, uint16_t before, uint16_t size)
{
    while (before--) {
        *byte_at(device, (uint16_t)(before + size)) = *byte_at(device, before);
    }
    device->head = wrapped(device, size);
    device->used = (uint16_t)(device->used - size);
    device->count--;
}

static void open_gap(struct sedge_device *device)
{
    if (!device->gap) {
        device->pinned = device->flying;
    }
    device->gap++;
    sedge_count(&device->link.stats.dropped);
}

/* Loses the oldest reading that may be lost. False: there is none. */
static bool lose_one(struct sedge_device *device)
{
    uint8_t stays = device->gap ? device->pinned : device->flying;
    uint16_t before;
    if (device->count == stays) {
        return false;
    }
    before = size_of(device, stays);
    open_gap(device);
    cut(device, before, item_size(device, before));
    return true;
}

static void append(struct sedge_device *device, const uint8_t *bytes, uint16_t length)
{
    while (length--) {
        *byte_at(device, device->used) = *bytes++;
        device->used++;
    }
}

bool sedge_ring_add(struct sedge_device *device, const struct sedge_item *item)
{
    uint8_t head[SEDGE_ITEM_HEAD] = { (uint8_t)item->length, item->topic };
    uint16_t size = (uint16_t)(item->length + SEDGE_ITEM_HEAD);
    if (device->last == UINT32_MAX || size > device->config->buffer_size) {
        return false;
    }
    device->last++;
    remember(device);
    while (size > device->config->buffer_size - device->used) {
        if (!lose_one(device)) {
            /* All that is left is on its way: the new one is lost, and reported as such. */
            open_gap(device);
            return true;
        }
    }
    device->count++;
    sedge_put_le32(head + 2, item->t);
    append(device, head, sizeof head);
    for (uint8_t i = 0; i < SEDGE_PARTS; i++) {
        append(device, item->parts[i].bytes, item->parts[i].length);
    }
    return true;
}

uint8_t sedge_ring_next(const struct sedge_device *device)
{
    if (device->gap && device->flying == device->pinned) {
        return device->flying || device->gap_sent ? 0 : SEDGE_REC_GAP;
    }
    return device->flying < device->count ? SEDGE_REC_READING : 0;
}

void sedge_ring_read(const struct sedge_device *device, uint8_t index, struct sedge_reading *reading, uint8_t *bytes)
{
    uint16_t at = size_of(device, index);
    uint8_t left;
    reading->length = *byte_at(device, at++);
    reading->topic = *byte_at(device, at++);
    reading->counter = device->first + index;
    for (left = (uint8_t)(reading->length + 4); left; left--) {
        *bytes++ = *byte_at(device, at++);
    }
}

void sedge_ring_reading_done(struct sedge_device *device)
{
    cut(device, 0, item_size(device, 0));
    device->first++;
    device->flying--;
    if (device->pinned) {
        device->pinned--;
    }
}

void sedge_ring_gap_done(struct sedge_device *device)
{
    device->first += device->gap_sent;
    device->gap -= device->gap_sent;
    device->gap_sent = 0;
}
