/*
 * The port of sedge to the ATmega328P (Arduino Uno, Nano, Pro Mini): serial line, clock, EEPROM and reset cause. It
 * supplies the five sedge_port_ functions that sedge.h asks for; the `port` of the config is not looked at.
 *
 *     int main(void)
 *     {
 *         sedge_avr_begin();
 *         sedge_init(&device, &config, sedge_avr_reset_cause());
 *         for (;;) {
 *             sedge_poll(&device);
 *             ...
 *             sedge_avr_idle();
 *         }
 *     }
 *
 * Works bare metal, and in an Arduino sketch that leaves `Serial` alone: this file owns USART0 and its interrupts then,
 * and text goes between the frames with sedge_avr_text() or printf (sedge_avr_stdio()). The clock is Timer 0; Arduino's
 * millis() where there is one.
 */
#ifndef SEDGE_AVR_H
#define SEDGE_AVR_H

#include "sedge.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Bits a second. 250000 and 500000 are exact at 16 MHz; 115200 really is 117647 (+2.1%), which every receiver takes. */
#ifndef SEDGE_AVR_BAUD
#define SEDGE_AVR_BAUD 115200UL
#endif

/* Bytes of the receive ring, a power of two: what comes in while the processor seals a record (8 ms are 97 bytes at
 * 115200 baud; the host sends less than 64 at a time unless it sends several commands at once). */
#ifndef SEDGE_AVR_RX_BYTES
#define SEDGE_AVR_RX_BYTES 64
#endif

/* Bytes of the send ring, a power of two; 0 for none, which saves 106 bytes of flash and 34 of RAM: then the sketch waits
 * for the line, 2.7 ms for a frame of 31 bytes, while bytes still come in by interrupt. */
#ifndef SEDGE_AVR_TX_BYTES
#define SEDGE_AVR_TX_BYTES 32
#endif

/* Where the 156 bytes of key and epochs begin in the EEPROM: at its end, away from what sketches keep from 0 on. */
#ifndef SEDGE_AVR_EEPROM_AT
#define SEDGE_AVR_EEPROM_AT (E2END + 1 - SEDGE_NV_SIZE)
#endif

/* Opens the serial line and starts the clock; enables interrupts. */
void sedge_avr_begin(void);

/* The next byte that came in, -1 for none. */
int16_t sedge_avr_read(void);
/* How many bytes sedge_avr_write() takes without waiting. */
uint8_t sedge_avr_writable(void);
/* Sends a byte; waits while the ring is full. */
void sedge_avr_write(uint8_t byte);
/* True once for each byte lost or spoilt: the ring was full, the hardware was read too late, a stop bit was missing. Never so
 * with SEDGE_STATS=0: nothing counts them, and the CRC of the frame that misses bytes tells. */
bool sedge_avr_overrun(void);
/* True when all was sent to the last stop bit: before a sleep that stops the clock of the serial line. */
bool sedge_avr_sent(void);

/* Milliseconds since boot. */
uint32_t sedge_avr_millis(void);

/* For variables that a reset leaves alone: `static struct sedge_keep keep SEDGE_AVR_KEPT;` */
#define SEDGE_AVR_KEPT __attribute__((section(".noinit")))

/* The cause of the last reset, for sedge_init. Bootloaders clear the register that has it: optiboot 5 and newer hands it on in a register of the processor, which is
 * read here; behind an older one the cause is mostly unknown. */
enum sedge_reset_cause sedge_avr_reset_cause(void);
/* Restarts the processor by its watchdog; the cause is then SEDGE_RESET_SOFTWARE. */
void sedge_avr_restart(void) __attribute__((noreturn));

/* Waits for the next interrupt in the lightest sleep: serial line and clock go on. */
void sedge_avr_idle(void);

/* Text between frames: the host shows it as the device's log and trusts none of it. */
void sedge_avr_text(const char *text);
/* Makes printf write such text (bare metal; 1.5 KB of flash go to printf itself). */
void sedge_avr_stdio(void);

#ifdef __cplusplus
}
#endif

#endif
