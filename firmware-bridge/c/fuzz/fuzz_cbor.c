/*
 * libFuzzer over the CBOR reader and writer. The input is a program of calls (first half) and the CBOR that they read
 * (second half). Held to: nothing is read or written outside the memory that was given, an error is final, and what a
 * sedge_publish_cbor would take can be passed over as one item.
 */
#include <stdlib.h>
#include <string.h>

#include "sedge.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void hold(bool what)
{
    if (!what) abort();
}

static void inside(const uint8_t *part, uint16_t length, const struct sedge_reader *in, const uint8_t *start)
{
    hold(part >= start && part <= in->at && length <= in->at - part);
}

/* One call; copies what it read to `out`. */
static void call(uint8_t choice, struct sedge_reader *in, const uint8_t *start, struct sedge_writer *out)
{
    uint32_t u = 0;
    int32_t i = 0;
    float f = 0;
    bool b = false;
    const char *text = NULL;
    const uint8_t *bytes = NULL;
    uint16_t count = 0;
    switch (choice % 10) {
    case 0: if (sedge_get_uint(in, &u)) sedge_put_uint(out, u); break;
    case 1: if (sedge_get_int(in, &i)) sedge_put_int(out, i); break;
    case 2: if (sedge_get_float(in, &f)) sedge_put_float(out, f); break;
    case 3: if (sedge_get_bool(in, &b)) sedge_put_bool(out, b); break;
    case 4: if (sedge_get_text(in, &text, &count)) inside((const uint8_t *)text, count, in, start); break;
    case 5:
        if (sedge_get_bytes(in, &bytes, &count)) {
            inside(bytes, count, in, start);
            sedge_put_bytes(out, bytes, count);
        }
        break;
    case 6: if (sedge_get_array(in, &count)) sedge_put_array(out, count); break;
    case 7: if (sedge_get_map(in, &count)) sedge_put_map(out, count); break;
    case 8: if (sedge_get_null(in)) sedge_put_null(out); break;
    default: {
        const uint8_t *before = in->at;
        if (sedge_skip(in)) sedge_put_raw(out, before, (uint16_t)(in->at - before));
    }
    }
}

/* What the writer made of values is read back as the same values. */
static void round_trip(uint32_t value)
{
    uint8_t bytes[32];
    struct sedge_writer out;
    struct sedge_reader in;
    uint32_t u = 0;
    int32_t i = 0, negative = (int32_t)(value >> 1) * -1 - 1;
    float f, read = 0;
    memcpy(&f, &value, sizeof f);
    sedge_writer_init(&out, bytes, sizeof bytes);
    sedge_put_uint(&out, value);
    sedge_put_int(&out, negative);
    sedge_put_float(&out, f);
    hold(!out.full);
    sedge_reader_init(&in, bytes, (size_t)(out.at - bytes));
    hold(sedge_get_uint(&in, &u) && u == value);
    hold(sedge_get_int(&in, &i) && i == negative);
    hold(sedge_get_float(&in, &read) && memcmp(&read, &f, sizeof f) == 0);
    hold(sedge_peek(&in) == 0xff && !in.bad);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 4 || size > 2048) return -1;
    uint32_t value;
    memcpy(&value, data, sizeof value);
    round_trip(value);

    size_t calls = (size - 4) / 2, length = size - 4 - calls;
    /* Copies of exactly these sizes, so that the sanitizer sees a single byte too far. */
    uint8_t *cbor = malloc(length + 1), *written = malloc(data[0] + 1u);
    hold(cbor != NULL && written != NULL);
    uint8_t *start = cbor + 1;
    memcpy(start, data + 4 + calls, length);
    struct sedge_reader in;
    struct sedge_writer out;
    sedge_reader_init(&in, start, length);
    sedge_writer_init(&out, written, data[0]);
    for (size_t n = 0; n < calls; n++) {
        bool was_bad = in.bad, was_full = out.full;
        const uint8_t *at = in.at;
        call(data[4 + n], &in, start, &out);
        hold(in.at >= at && in.at <= start + length && out.at <= written + data[0]);
        hold(!was_bad || (in.bad && in.at == at));
        hold(!was_full || out.full);
    }
    /* Passing over item by item comes to the end or to an error: never stands still. */
    sedge_reader_init(&in, start, length);
    for (const uint8_t *at = in.at; sedge_peek(&in) != 0xff && sedge_skip(&in); at = in.at) hold(in.at > at);
    free(cbor);
    free(written);
    return 0;
}
