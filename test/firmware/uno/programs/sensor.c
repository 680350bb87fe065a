/* A sealed sensor for the fault tests: its n-th reading of an epoch has the value n, so that what arrives can be held
 * against what was taken. It says what it has taken in RAM, where the test reads it, and obeys what the test puts there. */
#include "sedge_avr.h"

#ifndef EVERY_MS
#define EVERY_MS 50
#endif
#ifndef BUFFER_BYTES
#define BUFFER_BYTES 160
#endif

enum { COUNT = 1, DOUBLE = 2 };

volatile struct {
    uint32_t epoch;
    uint32_t taken;    /* readings */
    uint16_t pending;  /* readings not acknowledged */
    uint16_t handled;  /* commands */
    uint16_t overruns; /* bytes */
    uint8_t state;
    uint8_t hold;      /* set by the test: takes no reading */
    uint8_t hurry;     /* set by the test: takes a reading whenever there is room */
    uint8_t chatty;    /* set by the test: prints between frames */
} told __attribute__((used));

static struct sedge_device device;
static struct sedge_keep keep SEDGE_AVR_KEPT;
static uint8_t buffer[BUFFER_BYTES];

#if SEDGE_COMMANDS
static enum sedge_status twice(struct sedge_device *it, uint8_t command, struct sedge_reader *args,
                               struct sedge_writer *result)
{
    int32_t value;
    (void)it;
    (void)command;
    if (!sedge_get_int(args, &value))
        return SEDGE_BAD_ARGUMENTS;
    told.handled++;
    sedge_put_int(result, 2 * value);
    return SEDGE_DONE;
}

#endif

static const struct sedge_topic topics[] = {
    SEDGE_READING("greenhouse/count", SEDGE_INT, ""),
#if SEDGE_COMMANDS
    SEDGE_COMMAND("double", SEDGE_INT, twice),
#endif
};

#if SEDGE_STATIC_CONFIG
#define CONFIG sedge_static_config
const struct sedge_config sedge_static_config = {
#else
#define CONFIG config
static const struct sedge_config config = {
#endif
    .topics = topics,
    .topic_count = sizeof topics / sizeof *topics,
    .buffer = buffer,
    .buffer_size = sizeof buffer,
    .firmware = 0x00030000,
    .keep = &keep,
};

static bool publish(uint32_t number)
{
#ifdef FULL_FRAMES
    /* As long as a record may be: the number with zeros before it. */
    char digits[SEDGE_VALUE_SIZE - 1];
    uint8_t at = sizeof digits - 1;
    digits[at] = '\0';
    while (at > 0) {
        digits[--at] = (char)('0' + number % 10);
        number /= 10;
    }
    return sedge_publish_text(&device, COUNT, digits);
#else
    return sedge_publish_int(&device, COUNT, (int32_t)number);
#endif
}

static void take_reading(void)
{
    uint32_t next = told.taken + 1;
    if (publish(next))
        told.taken = next;
}

int main(void)
{
    sedge_avr_begin();
    sedge_init(&device, &CONFIG, sedge_avr_reset_cause());
    told.epoch = sedge_epoch(&device);
    uint32_t due = sedge_avr_millis();
    uint32_t talk = due;
    for (;;) {
        sedge_poll(&device);
        uint32_t now = sedge_avr_millis();
        if ((int32_t)(now - due) >= 0) {
            due += EVERY_MS;
            if (!told.hold && !told.hurry)
                take_reading();
        }
        if (told.hurry && !told.hold && sedge_pending(&device) < 8)
            take_reading();
        if (told.chatty && now - talk >= 20 && sedge_quiet(&device)) {
            talk = now;
            sedge_avr_text("the roof is open\n");
        }
        told.epoch = sedge_epoch(&device);
        told.pending = sedge_pending(&device);
        told.state = (uint8_t)sedge_state(&device);
        told.overruns = sedge_stats(&device)->overruns;
        sedge_avr_idle();
    }
}
