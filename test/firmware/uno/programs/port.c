/* Answers single bytes with what the port of the Uno says, so that a test can ask it. */
#include "sedge_avr.h"

#include <avr/interrupt.h>

static uint8_t next_byte(void)
{
    int16_t byte;
    while ((byte = sedge_avr_read()) < 0)
        sedge_avr_idle();
    return (uint8_t)byte;
}

static void wait_ms(uint8_t count)
{
    uint32_t from = sedge_avr_millis();
    while (sedge_avr_millis() - from < count) {
    }
}

int main(void)
{
    sedge_avr_begin();
    sedge_avr_write('!');
    sedge_avr_write((uint8_t)sedge_avr_reset_cause());
    for (;;) {
        switch (next_byte()) {
        case 'e': /* echo: count, bytes */
            for (uint8_t count = next_byte(); count > 0; count--)
                sedge_avr_write(next_byte());
            break;
        case 'w': { /* write to the EEPROM: at, byte */
            uint8_t at = next_byte(), value = next_byte();
            sedge_port_nv_write(0, at, &value, 1);
            sedge_avr_write('k');
            break;
        }
        case 'r': { /* read from the EEPROM: at */
            uint8_t value;
            sedge_port_nv_read(0, next_byte(), &value, 1);
            sedge_avr_write(value);
            break;
        }
        case 't': { /* milliseconds, low byte first */
            uint32_t now = sedge_avr_millis();
            for (uint8_t index = 0; index < 4; index++, now >>= 8)
                sedge_avr_write((uint8_t)now);
            break;
        }
        case 'o': { /* bytes lost since it was last asked */
            uint8_t count = 0;
            while (sedge_avr_overrun())
                count++;
            sedge_avr_write(count);
            break;
        }
        case 'b': /* reads nothing for so many milliseconds */
            wait_ms(next_byte());
            break;
        case 'd': /* interrupts off for 1 ms */
            cli();
            for (volatile uint16_t turn = 0; turn < 1000; turn++) {
            }
            sei();
            break;
        case 's': { /* was all sent: right after a byte, and 2 ms later */
            sedge_avr_write('.');
            bool at_once = sedge_avr_sent();
            wait_ms(2);
            bool later = sedge_avr_sent();
            sedge_avr_write(at_once);
            sedge_avr_write(later);
            break;
        }
        case 'x':
            sedge_avr_restart();
        default:
            sedge_avr_text("what?\n");
        }
    }
}
