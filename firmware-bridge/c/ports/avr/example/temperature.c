/*
 * A whole sealed temperature sensor without Arduino: a TMP36 on pin A0 of an Uno, a reading every ten seconds.
 *
 *     avr-gcc -mmcu=atmega328p -DF_CPU=16000000UL -DSEDGE_COMMANDS=0 -DSEDGE_STATS=0 -DSEDGE_STATIC_CONFIG=1 \
 *         -DSEDGE_AVR_TX_BYTES=0 -std=c99 -Os -flto -mrelax -mcall-prologues -ffunction-sections -fdata-sections -Wl,--gc-sections \
 *         -I../../../include -I.. temperature.c ../sedge_avr.c $(ls ../../../src/?*.c) -o temperature.elf
 *     avr-objcopy -O ihex -j .text -j .data temperature.elf temperature.hex
 *     avrdude -c arduino -p m328p -P /dev/ttyACM0 -U flash:w:temperature.hex
 *
 * Then `sedge device provision /dev/ttyACM0` gives it its key.
 */
#include "sedge_avr.h"

#include <avr/io.h>

#define EVERY_MS 10000U

enum { TEMPERATURE = 1 };

static const struct sedge_topic topics[] = {SEDGE_READING("greenhouse/temp", SEDGE_FLOAT, "Cel")};
/* Ten readings: a minute and a half without a host. */
static uint8_t buffer[150];
const struct sedge_config sedge_static_config = SEDGE_CONFIG(0, topics, 1, buffer, sizeof buffer);
static struct sedge_device device;

/* In 512ths of a degree, so that the float is made without a float library (0.5 KB): 10 mV a degree, 500 mV at 0
 * degrees, and the chip's own reference of 1.1 V is 1024 steps, good up to 60 degrees. */
static int16_t read_celsius(void)
{
    ADMUX = (1 << REFS1) | (1 << REFS0);
    ADCSRA = (1 << ADEN) | (1 << ADSC) | (1 << ADPS2) | (1 << ADPS1) | (1 << ADPS0);
    while (ADCSRA & (1 << ADSC)) {
    }
    return (int16_t)(ADC * 55u - 25600u);
}

int main(void)
{
    sedge_avr_begin();
    sedge_init(&device, &sedge_static_config, sedge_avr_reset_cause());
    uint16_t last = (uint16_t)sedge_avr_millis() - EVERY_MS;
    for (;;) {
        sedge_poll(&device);
        if ((uint16_t)((uint16_t)sedge_avr_millis() - last) >= EVERY_MS) {
            last += EVERY_MS;
            sedge_publish_fixed(&device, TEMPERATURE, read_celsius(), 9);
        }
        sedge_avr_idle();
    }
}
