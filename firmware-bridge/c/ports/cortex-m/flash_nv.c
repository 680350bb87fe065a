#include "flash_nv.h"

#include <stdbool.h>
#include <string.h>

enum { AT_IMAGE = 4, AT_CRC = AT_IMAGE + FLASH_NV_BYTES, NO_SLOT = 0xffff };

static uint32_t slots_in_page(const struct flash_nv *nv)
{
    return nv->page_bytes / FLASH_NV_SLOT_BYTES;
}

static uint32_t offset_of(const struct flash_nv *nv, uint32_t slot)
{
    uint32_t in_page = slots_in_page(nv);
    bool second = slot >= in_page;
    return (second ? nv->page_bytes : 0) + (second ? slot - in_page : slot) * FLASH_NV_SLOT_BYTES;
}

static uint32_t number_at(const volatile uint8_t *bytes)
{
    return (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
}

static uint16_t crc_of(const volatile uint8_t *bytes, size_t length)
{
    uint16_t crc = 0xffff;
    for (size_t i = 0; i < length; i++) {
        crc ^= (uint16_t)(bytes[i] << 8);
        for (int bit = 0; bit < 8; bit++) crc = (uint16_t)((crc & 0x8000) != 0 ? (crc << 1) ^ 0x1021 : crc << 1);
    }
    return crc;
}

static bool is_good(const volatile uint8_t *slot)
{
    uint16_t stored = (uint16_t)(slot[AT_CRC] | slot[AT_CRC + 1] << 8);
    return stored == crc_of(slot, AT_CRC) && slot[AT_CRC + 2] == 0;
}

static bool is_blank(const volatile uint8_t *slot)
{
    for (size_t i = 0; i < FLASH_NV_SLOT_BYTES; i++)
        if (slot[i] != 0xff) return false;
    return true;
}

static uint32_t newest(const struct flash_nv *nv)
{
    uint32_t found = NO_SLOT, highest = 0;
    for (uint32_t slot = 0; slot < 2 * slots_in_page(nv); slot++) {
        const volatile uint8_t *bytes = nv->pages + offset_of(nv, slot);
        if (!is_good(bytes) || (found != NO_SLOT && number_at(bytes) < highest)) continue;
        found = slot;
        highest = number_at(bytes);
    }
    return found;
}

/* The first blank slot behind the newest image in its page, else the first of the other page, which is erased. */
static uint32_t place_after(const struct flash_nv *nv, uint32_t last)
{
    uint32_t in_page = slots_in_page(nv);
    uint32_t page = last != NO_SLOT && last >= in_page ? 1 : 0;
    uint32_t first = last == NO_SLOT ? 0 : last + 1;
    for (uint32_t slot = first; slot < (page + 1) * in_page; slot++)
        if (is_blank(nv->pages + offset_of(nv, slot))) return slot;
    uint32_t other = last == NO_SLOT ? 0 : 1 - page;
    nv->erase(other);
    return other * in_page;
}

void flash_nv_read(const struct flash_nv *nv, size_t at, uint8_t *bytes, size_t length)
{
    uint32_t slot = newest(nv);
    for (size_t i = 0; i < length; i++)
        bytes[i] = slot == NO_SLOT ? 0xff : nv->pages[offset_of(nv, slot) + AT_IMAGE + at + i];
}

void flash_nv_write(const struct flash_nv *nv, size_t at, const uint8_t *bytes, size_t length)
{
    uint8_t slot_bytes[FLASH_NV_SLOT_BYTES];
    uint8_t *image = slot_bytes + AT_IMAGE;
    if (at > FLASH_NV_BYTES || length > FLASH_NV_BYTES - at) return;
    flash_nv_read(nv, 0, image, FLASH_NV_BYTES);
    if (memcmp(image + at, bytes, length) == 0) return;
    memcpy(image + at, bytes, length);

    uint32_t last = newest(nv);
    uint32_t number = last == NO_SLOT ? 1 : number_at(nv->pages + offset_of(nv, last)) + 1;
    for (int i = 0; i < 4; i++) slot_bytes[i] = (uint8_t)(number >> (8 * i));
    uint16_t crc = crc_of(slot_bytes, AT_CRC);
    slot_bytes[AT_CRC] = (uint8_t)crc;
    slot_bytes[AT_CRC + 1] = (uint8_t)(crc >> 8);
    slot_bytes[AT_CRC + 2] = 0;
    slot_bytes[AT_CRC + 3] = 0;

    uint32_t offset = offset_of(nv, place_after(nv, last));
    for (uint32_t i = 0; i < FLASH_NV_SLOT_BYTES; i += 4) nv->program(offset + i, number_at(slot_bytes + i));
}
