#include "device.h"

void sedge_writer_init(struct sedge_writer *out, uint8_t *bytes, size_t size)
{
    out->at = bytes;
    out->end = bytes + size;
    out->full = false;
}

void sedge_put_byte(struct sedge_writer *out, uint8_t byte)
{
    if (out->at == out->end) {
        out->full = true;
    }
    if (!out->full) {
        *out->at++ = byte;
    }
}

void sedge_put_raw(struct sedge_writer *out, const uint8_t *cbor, uint16_t length)
{
    while (length--) {
        sedge_put_byte(out, *cbor++);
    }
}

/* `first`, then the low `bytes` bytes of `value`, highest first. */
static void put_number(struct sedge_writer *out, uint8_t first, uint32_t value, uint8_t bytes)
{
    uint8_t low_first[4];
    sedge_put_le32(low_first, value);
    sedge_put_byte(out, first);
    while (bytes--) {
        sedge_put_byte(out, low_first[bytes]);
    }
}

static void put_head(struct sedge_writer *out, uint8_t major, uint32_t value)
{
    if (value > 0xffff) {
        put_number(out, major | 26, value, 4);
    } else if (value > 0xff) {
        put_number(out, major | 25, value, 2);
    } else if (value > 23) {
        put_number(out, major | 24, value, 1);
    } else {
        sedge_put_byte(out, major | (uint8_t)value);
    }
}

void sedge_put_uint(struct sedge_writer *out, uint32_t value)
{
    put_head(out, 0x00, value);
}

void sedge_put_int(struct sedge_writer *out, int32_t value)
{
    if (value < 0) {
        put_head(out, 0x20, (uint32_t)(-1 - value));
    } else {
        put_head(out, 0x00, (uint32_t)value);
    }
}

void sedge_put_float(struct sedge_writer *out, float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    put_number(out, 0xfa, bits, 4);
}

void sedge_put_bool(struct sedge_writer *out, bool value)
{
    sedge_put_byte(out, value ? 0xf5 : 0xf4);
}

void sedge_put_null(struct sedge_writer *out)
{
    sedge_put_byte(out, 0xf6);
}

static void put_string(struct sedge_writer *out, uint8_t major, const void *bytes, size_t length)
{
    if (length > UINT16_MAX) {
        out->full = true;
        return;
    }
    put_head(out, major, (uint16_t)length);
    sedge_put_raw(out, (const uint8_t *)bytes, (uint16_t)length);
}

void sedge_put_text(struct sedge_writer *out, const char *text)
{
    put_string(out, 0x60, text, strlen(text));
}

void sedge_put_bytes(struct sedge_writer *out, const uint8_t *bytes, uint16_t length)
{
    put_string(out, 0x40, bytes, length);
}

void sedge_put_array(struct sedge_writer *out, uint16_t count)
{
    put_head(out, 0x80, count);
}

void sedge_put_map(struct sedge_writer *out, uint16_t pairs)
{
    put_head(out, 0xa0, pairs);
}
