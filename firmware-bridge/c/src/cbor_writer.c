#include "device.h"

#include <string.h>

void sedge_writer_init(struct sedge_writer *out, uint8_t *bytes, size_t size)
{
    out->at = bytes;
    out->end = bytes + size;
    out->full = false;
}

static void put(struct sedge_writer *out, uint8_t byte)
{
    if (out->at == out->end) {
        out->full = true;
    } else if (!out->full) {
        *out->at++ = byte;
    }
}

/* The low `bytes` bytes of `value`, highest first. */
static void put_number(struct sedge_writer *out, uint32_t value, uint8_t bytes)
{
    while (bytes--) {
        put(out, (uint8_t)(value >> (uint8_t)(8 * bytes)));
    }
}

void sedge_put_head(struct sedge_writer *out, uint8_t major, uint32_t value)
{
    uint8_t bytes = 0;
    uint8_t info = (uint8_t)value;
    if (value > 0xffff) {
        bytes = 4;
        info = 26;
    } else if (value > 0xff) {
        bytes = 2;
        info = 25;
    } else if (value > 23) {
        bytes = 1;
        info = 24;
    }
    put(out, major | info);
    put_number(out, value, bytes);
}

void sedge_put_raw(struct sedge_writer *out, const uint8_t *cbor, uint16_t length)
{
    if (length > (size_t)(out->end - out->at)) {
        out->full = true;
    }
    if (length && !out->full) {
        memcpy(out->at, cbor, length);
        out->at += length;
    }
}

void sedge_put_uint(struct sedge_writer *out, uint32_t value)
{
    sedge_put_head(out, 0x00, value);
}

void sedge_put_int(struct sedge_writer *out, int32_t value)
{
    if (value < 0) {
        sedge_put_head(out, 0x20, (uint32_t)(-1 - value));
    } else {
        sedge_put_head(out, 0x00, (uint32_t)value);
    }
}

void sedge_put_float(struct sedge_writer *out, float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    put(out, 0xfa);
    put_number(out, bits, 4);
}

void sedge_put_bool(struct sedge_writer *out, bool value)
{
    put(out, value ? 0xf5 : 0xf4);
}

void sedge_put_null(struct sedge_writer *out)
{
    put(out, 0xf6);
}

void sedge_put_text(struct sedge_writer *out, const char *text)
{
    size_t length = strlen(text);
    if (length > UINT16_MAX) {
        out->full = true;
        return;
    }
    sedge_put_head(out, 0x60, (uint32_t)length);
    sedge_put_raw(out, (const uint8_t *)text, (uint16_t)length);
}

void sedge_put_bytes(struct sedge_writer *out, const uint8_t *bytes, uint16_t length)
{
    sedge_put_head(out, 0x40, length);
    sedge_put_raw(out, bytes, length);
}

void sedge_put_array(struct sedge_writer *out, uint16_t count)
{
    sedge_put_head(out, 0x80, count);
}

void sedge_put_map(struct sedge_writer *out, uint16_t pairs)
{
    sedge_put_head(out, 0xa0, pairs);
}
