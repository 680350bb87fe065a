/* A ring of bytes between an interrupt and the main loop: one side only puts, the other only takes. */
#ifndef SEDGE_CORTEX_M_RING_H
#define SEDGE_CORTEX_M_RING_H

#include <stdbool.h>
#include <stdint.h>

/* A power of two; one place stays empty. Holds 22 ms at 115,200 baud, more than the sealing of a record takes. */
enum { RING_BYTES = 256 };

struct ring {
    uint8_t bytes[RING_BYTES];
    volatile uint32_t put, taken;
};

static inline uint32_t ring_used(const struct ring *ring)
{
    return (ring->put - ring->taken) % RING_BYTES;
}

static inline uint32_t ring_room(const struct ring *ring)
{
    return RING_BYTES - 1 - ring_used(ring);
}

static inline bool ring_put(struct ring *ring, uint8_t byte)
{
    if (ring_room(ring) == 0) return false;
    ring->bytes[ring->put % RING_BYTES] = byte;
    ring->put++;
    return true;
}

static inline bool ring_take(struct ring *ring, uint8_t *byte)
{
    if (ring_used(ring) == 0) return false;
    *byte = ring->bytes[ring->taken % RING_BYTES];
    ring->taken++;
    return true;
}

#endif
