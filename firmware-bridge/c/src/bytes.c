#include "device.h"

SEDGE_APART void sedge_copy(uint8_t *to, const uint8_t *from, uint8_t count)
{
    while (count--) {
        *to++ = *from++;
    }
}

SEDGE_APART void sedge_wipe(uint8_t *bytes, uint8_t count)
{
    while (count--) {
        *bytes++ = 0;
    }
}
