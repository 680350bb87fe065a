#include "sedge_link.h"

/* CRC-16/CCITT-FALSE, polynomial 0x1021, without a table: eight shifts folded into four. */
uint16_t sedge_crc16(uint16_t crc, const uint8_t *bytes, size_t length)
{
    while (length--) {
        uint8_t x = (uint8_t)((crc >> 8) ^ *bytes++);
        x = (uint8_t)(x ^ (x >> 4));
        crc = (uint16_t)((uint16_t)(crc << 8) ^ (uint16_t)((uint16_t)x << 12) ^ (uint16_t)((uint16_t)x << 5) ^ x);
    }
    return crc;
}

bool sedge_crc_end(uint8_t *bytes, uint8_t size)
{
    uint8_t *end = bytes + size - SEDGE_CRC_SIZE;
    uint16_t crc = sedge_crc16(0xffff, bytes, (size_t)(end - bytes));
    uint16_t was = (uint16_t)(end[0] | end[1] << 8);
    end[0] = (uint8_t)crc;
    end[1] = (uint8_t)(crc >> 8);
    return was == crc;
}
