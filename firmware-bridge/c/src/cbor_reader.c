#include "device.h"

#define UINT 0
#define NEGATIVE 1
#define BYTES 2
#define TEXT 3
#define ARRAY 4
#define MAP 5
#define TAG 6
#define SIMPLE 7

#define FALSE_VALUE 20
#define NULL_VALUE 22

void sedge_reader_init(struct sedge_reader *in, const uint8_t *bytes, size_t length)
{
    in->at = bytes;
    in->end = bytes + length;
    in->bad = false;
}

static bool fail(struct sedge_reader *in)
{
    in->bad = true;
    return false;
}

uint8_t sedge_peek(const struct sedge_reader *in)
{
    return in->bad || in->at == in->end ? 0xff : (uint8_t)(*in->at >> 5);
}

/* Lengths that are not definite are not for us. */
bool sedge_get_head(struct sedge_reader *in, struct sedge_head *head)
{
    uint8_t bytes = 0;
    head->large = false;
    if (in->bad || in->at == in->end) {
        return fail(in);
    }
    head->major = (uint8_t)(*in->at >> 5);
    head->info = *in->at++ & 0x1f;
    head->value = head->info;
    if (head->info > 23) {
        bytes = (uint8_t)(1 << (head->info & 7));
        head->value = 0;
    }
    if (head->info > 27 || (size_t)(in->end - in->at) < bytes) {
        return fail(in);
    }
    while (bytes--) {
        head->large |= (head->value >> 24) != 0;
        head->value = (head->value << 8) | *in->at++;
    }
    return true;
}

/* Bytes of a text or byte string that lie behind its head. */
static bool has(struct sedge_reader *in, const struct sedge_head *head)
{
    return !head->large && head->value <= (size_t)(in->end - in->at);
}

static bool get_head_of(struct sedge_reader *in, struct sedge_head *head, uint8_t major)
{
    if (!sedge_get_head(in, head) || head->major != major || head->large) {
        return fail(in);
    }
    return true;
}

bool sedge_get_uint(struct sedge_reader *in, uint32_t *value)
{
    struct sedge_head head;
    if (!get_head_of(in, &head, UINT)) {
        return false;
    }
    *value = head.value;
    return true;
}

bool sedge_get_int(struct sedge_reader *in, int32_t *value)
{
    struct sedge_head head;
    if (!sedge_get_head(in, &head) || head.major > NEGATIVE || head.large || head.value > INT32_MAX) {
        return fail(in);
    }
    *value = head.major ? -1 - (int32_t)head.value : (int32_t)head.value;
    return true;
}

/* The float32 nearest to a float64; too large becomes infinite, too small zero. */
static uint32_t narrowed(const uint8_t *bytes)
{
    uint32_t high = 0;
    uint32_t low = 0;
    for (uint8_t i = 0; i < 4; i++) {
        high = (high << 8) | bytes[i];
        low = (low << 8) | bytes[i + 4];
    }
    uint32_t sign = high & 0x80000000;
    uint16_t exponent = (high >> 20) & 0x7ff;
    uint32_t fraction = ((high & 0xfffff) << 3) | (low >> 29);
    if (exponent == 0x7ff) {
        return sign | 0x7f800000 | (fraction || low ? 0x400000 : 0);
    }
    if (exponent < 897) {
        return sign;
    }
    if (exponent > 1150) {
        return sign | 0x7f800000;
    }
    /* A carry of the rounding runs into the exponent, as it has to. */
    return (sign | ((uint32_t)(exponent - 896) << 23) | fraction) + ((low >> 28) & 1);
}

static uint32_t widened(uint16_t half)
{
    uint32_t sign = (uint32_t)(half & 0x8000) << 16;
    uint32_t exponent = (half >> 10) & 0x1f;
    uint32_t fraction = half & 0x3ff;
    if (exponent == 0x1f) {
        return sign | 0x7f800000 | (fraction << 13);
    }
    if (!exponent) {
        if (!fraction) {
            return sign;
        }
        for (exponent = 1; !(fraction & 0x400); exponent--) {
            fraction <<= 1;
        }
        fraction &= 0x3ff;
    }
    return sign | ((exponent + 112) << 23) | (fraction << 13);
}

bool sedge_get_float(struct sedge_reader *in, float *value)
{
    struct sedge_head head;
    if (!sedge_get_head(in, &head)) {
        return false;
    }
    if (head.major <= NEGATIVE && !head.large) {
        *value = head.major ? -1.0f - (float)head.value : (float)head.value;
        return true;
    }
    if (head.major != SIMPLE || head.info < 25) {
        return fail(in);
    }
    if (head.info == 25) {
        head.value = widened((uint16_t)head.value);
    } else if (head.info == 27) {
        head.value = narrowed(in->at - 8);
    }
    memcpy(value, &head.value, sizeof *value);
    return true;
}

bool sedge_get_bool(struct sedge_reader *in, bool *value)
{
    struct sedge_head head;
    if (!sedge_get_head(in, &head) || head.major != SIMPLE || (head.info & 0x1e) != FALSE_VALUE) {
        return fail(in);
    }
    *value = head.info & 1;
    return true;
}

bool sedge_get_null(struct sedge_reader *in)
{
    struct sedge_head head;
    if (!sedge_get_head(in, &head) || head.major != SIMPLE || head.info != NULL_VALUE) {
        return fail(in);
    }
    return true;
}

static bool get_string(struct sedge_reader *in, uint8_t major, uint16_t *length)
{
    struct sedge_head head;
    if (!get_head_of(in, &head, major) || !has(in, &head) || head.value > UINT16_MAX) {
        return fail(in);
    }
    *length = (uint16_t)head.value;
    in->at += *length;
    return true;
}

bool sedge_get_text(struct sedge_reader *in, const char **text, uint16_t *length)
{
    if (!get_string(in, TEXT, length)) {
        return false;
    }
    *text = (const char *)(in->at - *length);
    return true;
}

bool sedge_get_bytes(struct sedge_reader *in, const uint8_t **bytes, uint16_t *length)
{
    if (!get_string(in, BYTES, length)) {
        return false;
    }
    *bytes = in->at - *length;
    return true;
}

static bool get_count(struct sedge_reader *in, uint8_t major, uint16_t *count)
{
    struct sedge_head head;
    if (!get_head_of(in, &head, major) || head.value > UINT16_MAX) {
        return fail(in);
    }
    *count = (uint16_t)head.value;
    return true;
}

bool sedge_get_array(struct sedge_reader *in, uint16_t *count)
{
    return get_count(in, ARRAY, count);
}

bool sedge_get_map(struct sedge_reader *in, uint16_t *pairs)
{
    return get_count(in, MAP, pairs);
}

/* Without recursion: nesting only adds to the number of items that are still to come. Each takes a byte at least,
 * which bounds it (and the sum: three times the bytes there are). */
bool sedge_skip(struct sedge_reader *in)
{
    uint32_t left = 1;
    do {
        struct sedge_head head;
        size_t rest;
        if (!sedge_get_head(in, &head)) {
            return false;
        }
        rest = (size_t)(in->end - in->at);
        left--;
        switch (head.major) {
        case BYTES:
        case TEXT:
            if (!has(in, &head)) {
                return fail(in);
            }
            in->at += head.value;
            break;
        case ARRAY:
        case MAP:
            if (!has(in, &head)) {
                return fail(in);
            }
            left += head.major == MAP ? 2 * head.value : head.value;
            if (left > rest) {
                return fail(in);
            }
            break;
        case TAG:
            left++;
            break;
        case SIMPLE:
            /* A simple value below 32 has no second byte (RFC 8949, 3.3). */
            if (head.info == 24 && head.value < 32) {
                return fail(in);
            }
            break;
        default:
            break;
        }
    } while (left);
    return true;
}
