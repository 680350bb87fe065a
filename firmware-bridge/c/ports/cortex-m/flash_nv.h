/*
 * The device's lasting memory in two pages of flash.
 *
 * Flash is erased by the page and a power cut may come at any word, so nothing is ever changed in place: each write puts
 * a whole image with a number and a CRC behind the last one, and the good image with the highest number counts. A full
 * page is left, the other one erased and begun; until its first image is whole the old page still holds the last one.
 * With pages of 1 KB a page is erased once in twelve writes: 20,000 erasures last for 240,000 boots.
 */
#ifndef SEDGE_CORTEX_M_FLASH_NV_H
#define SEDGE_CORTEX_M_FLASH_NV_H

#include <stddef.h>
#include <stdint.h>

enum { FLASH_NV_BYTES = 156, FLASH_NV_SLOT_BYTES = FLASH_NV_BYTES + 8 };

struct flash_nv {
    const volatile uint8_t *pages; /* two pages, one behind the other; erased bytes are 0xff */
    uint32_t page_bytes;
    void (*erase)(uint32_t page);                     /* 0 or 1 */
    void (*program)(uint32_t offset, uint32_t word);  /* offset into the two pages, a multiple of 4 */
};

/** Reads from the newest good image; 0xff where there is none. Time: reads both pages' images once. */
void flash_nv_read(const struct flash_nv *nv, size_t at, uint8_t *bytes, size_t length);

/** Writes an image with the bytes changed; nothing where they are the same. Erases a page where the other is full. */
void flash_nv_write(const struct flash_nv *nv, size_t at, const uint8_t *bytes, size_t length);

#endif
