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
