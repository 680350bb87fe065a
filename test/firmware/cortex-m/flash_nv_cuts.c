/*
 * Cuts the power at every single erasure and word of a run of writes to flash_nv, and looks at what is read after it.
 * Prints how many cuts it made; ends with 1 and says where something was read that was never written.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "flash_nv.h"

enum { PAGE_BYTES = 1024, WRITES = 40 };

static uint8_t flash[2 * PAGE_BYTES];
static long steps_left;
static unsigned cuts, state = 1;

static uint8_t chance(void)
{
    state = state * 1103515245u + 12345u;
    return (uint8_t)(state >> 16);
}

/* Whether the power lasts for another step. At the cut itself the step is done in part. */
static int step(void)
{
    if (steps_left > 0) return steps_left-- > 0;
    return steps_left < 0;
}

static void erase(uint32_t page)
{
    int dying = steps_left == 1;
    if (!step()) return;
    for (size_t i = 0; i < PAGE_BYTES; i++) flash[page * PAGE_BYTES + i] |= dying ? chance() : 0xff;
}

static void program(uint32_t offset, uint32_t word)
{
    int dying = steps_left == 1;
    if (!step()) return;
    for (uint32_t i = 0; i < 4; i++) flash[offset + i] &= (uint8_t)(word >> (8 * i)) | (dying ? chance() : 0);
}

static const struct flash_nv nv = {flash, PAGE_BYTES, erase, program};

static void bytes_of(int n, uint8_t *bytes)
{
    for (int i = 0; i < 6; i++) bytes[i] = (uint8_t)(n * 31 + i);
}

static int value_read(void)
{
    uint8_t read[6], wanted[6];
    flash_nv_read(&nv, 60, read, sizeof read);
    for (int n = 0; n <= WRITES; n++) {
        bytes_of(n, wanted);
        if (memcmp(read, wanted, sizeof read) == 0) return n;
    }
    return -1;
}

static void write_value(int n)
{
    uint8_t bytes[6];
    bytes_of(n, bytes);
    flash_nv_write(&nv, 60, bytes, sizeof bytes);
}

/* Writes 0, 1, 2, ... as a device does that is switched off after `steps` steps; goes on after it. */
static void run(long steps)
{
    memset(flash, 0xff, sizeof flash);
    steps_left = -1;
    write_value(0);
    steps_left = steps;
    int n = 0;
    while (steps_left > 0 && n < WRITES) write_value(++n);
    steps_left = -1;
    cuts++;
    int read = value_read();
    if (read != n && read != n - 1) {
        printf("cut after %ld steps: %d read, %d written\n", steps, read, n);
        exit(1);
    }
    for (int more = 1; more <= 8; more++) {
        write_value((n + more) % WRITES);
        if (value_read() == (n + more) % WRITES) continue;
        printf("cut after %ld steps: %d more could not be written\n", steps, more);
        exit(1);
    }
}

int main(void)
{
    uint8_t first[2];
    memset(flash, 0xff, sizeof flash);
    flash_nv_read(&nv, 0, first, sizeof first);
    if (first[0] != 0xff || first[1] != 0xff) return 1;
    for (long steps = 1; steps <= (long)WRITES * (FLASH_NV_SLOT_BYTES / 4 + 1); steps++) run(steps);
    printf("%u cuts\n", cuts);
    return 0;
}
