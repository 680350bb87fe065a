#if defined(__AVR__)

#include "sedge_avr.h"

#include <avr/eeprom.h>
#include <avr/interrupt.h>
#include <avr/io.h>
#include <avr/sleep.h>
#include <avr/wdt.h>
#include <stdio.h>
#include <util/atomic.h>

#ifdef ARDUINO
#include <Arduino.h>
#endif

/* Divider for double speed, rounded to the nearest. */
#define UBRR_VALUE ((F_CPU + 4UL * SEDGE_AVR_BAUD) / (8UL * SEDGE_AVR_BAUD) - 1UL)
#define REAL_BAUD (F_CPU / (8UL * (UBRR_VALUE + 1UL)))

#if REAL_BAUD * 1000UL > SEDGE_AVR_BAUD * 1025UL || REAL_BAUD * 1000UL < SEDGE_AVR_BAUD * 975UL
#error "SEDGE_AVR_BAUD is more than 2.5% off what this clock can give: take 115200, 250000 or 500000 at 16 MHz"
#endif
#if SEDGE_AVR_RX_BYTES < 16 || SEDGE_AVR_RX_BYTES > 256 || (SEDGE_AVR_RX_BYTES & (SEDGE_AVR_RX_BYTES - 1))
#error "SEDGE_AVR_RX_BYTES must be a power of two from 16 to 256"
#endif
#if SEDGE_AVR_TX_BYTES != 0 \
    && (SEDGE_AVR_TX_BYTES < 8 || SEDGE_AVR_TX_BYTES > 256 || (SEDGE_AVR_TX_BYTES & (SEDGE_AVR_TX_BYTES - 1)))
#error "SEDGE_AVR_TX_BYTES must be 0 or a power of two from 8 to 256"
#endif

#define RX_MASK ((uint8_t)(SEDGE_AVR_RX_BYTES - 1))
#define TX_MASK ((uint8_t)(SEDGE_AVR_TX_BYTES - 1))

/* One slot of each ring stays empty, so that head and tail alone tell full from empty. The interrupt owns rx_head and
 * tx_tail, the program rx_tail and tx_head; all are single bytes, which the processor reads and writes at once. */
static uint8_t rx_ring[SEDGE_AVR_RX_BYTES];
static volatile uint8_t rx_head, rx_tail;
#if SEDGE_AVR_TX_BYTES
static uint8_t tx_ring[SEDGE_AVR_TX_BYTES];
static volatile uint8_t tx_head, tx_tail;
#endif
#if SEDGE_STATS
/* Both wrap: what is between them was not told yet. */
static volatile uint8_t overruns;
static uint8_t overruns_told;
#endif
/* The last byte was given to the hardware after TXC was cleared. */
static volatile bool sent_any;

/* Not cleared at boot: written before main by save_reset_flags(). */
static uint8_t reset_flags __attribute__((section(".noinit")));
/* Volatile: it is read in the next life only. */
static volatile uint16_t restart_mark __attribute__((section(".noinit")));
#define RESTART_MARK 0x5ed6u

/* Register 2 holds what optiboot found in MCUSR, until the C library's start-up code gets to run. */
void sedge_avr_save_reset_flags(void) __attribute__((naked, used, section(".init0")));
void sedge_avr_save_reset_flags(void)
{
    __asm__ __volatile__("sts %0, r2" ::"i"(&reset_flags));
}

/* After a watchdog's reset the watchdog runs on at its shortest time: it is stopped before variables are cleared. */
void sedge_avr_stop_watchdog(void) __attribute__((naked, used, section(".init3")));
void sedge_avr_stop_watchdog(void)
{
    uint8_t flags = MCUSR;
    if (flags != 0)
        reset_flags = flags;
    MCUSR = 0;
    wdt_disable();
}

enum sedge_reset_cause sedge_avr_reset_cause(void)
{
    uint8_t flags = reset_flags;
    uint16_t mark = restart_mark;
    restart_mark = 0;
    if (flags & 0xf0)
        return SEDGE_RESET_UNKNOWN;
    if (flags & (1 << PORF))
        return SEDGE_RESET_POWER;
    if (flags & (1 << BORF))
        return SEDGE_RESET_BROWN_OUT;
    if (flags & (1 << WDRF))
        return mark == RESTART_MARK ? SEDGE_RESET_SOFTWARE : SEDGE_RESET_WATCHDOG;
    return flags & (1 << EXTRF) ? SEDGE_RESET_PIN : SEDGE_RESET_UNKNOWN;
}

void sedge_avr_restart(void)
{
    cli();
    restart_mark = RESTART_MARK;
    wdt_enable(WDTO_15MS);
    for (;;) {
    }
}

ISR(USART_RX_vect)
{
#if SEDGE_STATS
    uint8_t lost = UCSR0A & ((1 << FE0) | (1 << DOR0));
#endif
    uint8_t head = rx_head;
    uint8_t next = (uint8_t)(head + 1) & RX_MASK;
    /* Where the ring is full, this is the slot that stays empty. */
    rx_ring[head] = UDR0;
    if (next != rx_tail)
        rx_head = next;
#if SEDGE_STATS
    else
        lost = 1;
    if (lost)
        overruns++;
#endif
}

int16_t sedge_avr_read(void)
{
    uint8_t tail = rx_tail;
    if (tail == rx_head)
        return -1;
    uint8_t byte = rx_ring[tail];
    rx_tail = (uint8_t)(tail + 1) & RX_MASK;
    return byte;
}

#if SEDGE_AVR_TX_BYTES

/* Disables itself with the last byte: entering it again with nothing to send would be an interrupt for nothing, and
 * some emulators clear the flag on entry and would never come back. */
ISR(USART_UDRE_vect)
{
    uint8_t tail = tx_tail;
    UDR0 = tx_ring[tail];
    UCSR0A = (1 << U2X0) | (1 << TXC0);
    tail = (uint8_t)(tail + 1) & TX_MASK;
    tx_tail = tail;
    if (tail == tx_head)
        UCSR0B = (1 << RXCIE0) | (1 << RXEN0) | (1 << TXEN0);
}

uint8_t sedge_avr_writable(void)
{
    return (uint8_t)(tx_tail - tx_head - 1) & TX_MASK;
}

static bool put(uint8_t byte)
{
    uint8_t head = tx_head;
    uint8_t next = (uint8_t)(head + 1) & TX_MASK;
    if (next == tx_tail)
        return false;
    tx_ring[head] = byte;
    tx_head = next;
    sent_any = true;
    ATOMIC_BLOCK(ATOMIC_RESTORESTATE)
    {
        UCSR0B = (1 << RXCIE0) | (1 << UDRIE0) | (1 << RXEN0) | (1 << TXEN0);
    }
    return true;
}

#else

uint8_t sedge_avr_writable(void)
{
    return (UCSR0A & (1 << UDRE0)) != 0;
}

/* Waits for the byte before: there is no ring. */
static bool put(uint8_t byte)
{
    while (!(UCSR0A & (1 << UDRE0))) {
    }
    UDR0 = byte;
    UCSR0A = (1 << U2X0) | (1 << TXC0);
    sent_any = true;
    return true;
}

#endif

void sedge_avr_write(uint8_t byte)
{
    while (!put(byte)) {
    }
}

bool sedge_avr_overrun(void)
{
#if SEDGE_STATS
    uint8_t told = overruns_told;
    if (told == overruns)
        return false;
    overruns_told = (uint8_t)(told + 1);
    return true;
#else
    return false;
#endif
}

bool sedge_avr_sent(void)
{
#if SEDGE_AVR_TX_BYTES
    if (tx_head != tx_tail)
        return false;
#endif
    return !sent_any || (UCSR0A & (1 << TXC0)) != 0;
}

#ifdef ARDUINO
uint32_t sedge_avr_millis(void)
{
    return millis();
}
#else
static volatile uint32_t ticks;

/* By hand: the compiler saves registers that this does not touch, a thousand times a second. */
ISR(TIMER0_COMPA_vect, ISR_NAKED)
{
    __asm__ __volatile__("push r24\n\t"
                         "in r24, __SREG__\n\t"
                         "push r24\n\t"
                         "lds r24, %0\n\t"
                         "subi r24, 0xff\n\t"
                         "sts %0, r24\n\t"
                         "lds r24, %0+1\n\t"
                         "sbci r24, 0xff\n\t"
                         "sts %0+1, r24\n\t"
                         "lds r24, %0+2\n\t"
                         "sbci r24, 0xff\n\t"
                         "sts %0+2, r24\n\t"
                         "lds r24, %0+3\n\t"
                         "sbci r24, 0xff\n\t"
                         "sts %0+3, r24\n\t"
                         "pop r24\n\t"
                         "out __SREG__, r24\n\t"
                         "pop r24\n\t"
                         "reti" ::"i"(&ticks));
}

uint32_t sedge_avr_millis(void)
{
    uint32_t now;
    ATOMIC_BLOCK(ATOMIC_RESTORESTATE)
    {
        now = ticks;
    }
    return now;
}
#endif

void sedge_avr_begin(void)
{
    /* Eight bits without parity is what a reset leaves, and every bootloader. */
#if UBRR_VALUE > 255
    UBRR0H = (uint8_t)(UBRR_VALUE >> 8);
#endif
    UBRR0L = (uint8_t)UBRR_VALUE;
    UCSR0A = (1 << U2X0);
    UCSR0B = (1 << RXCIE0) | (1 << RXEN0) | (1 << TXEN0);
#ifndef ARDUINO
    OCR0A = (uint8_t)(F_CPU / 64UL / 1000UL - 1UL);
    TCCR0A = (1 << WGM01);
    TCCR0B = (1 << CS01) | (1 << CS00);
    TIMSK0 = (1 << OCIE0A);
#endif
    sei();
}

void sedge_avr_idle(void)
{
    cli();
    /* A byte that came after the program last looked has an interrupt of its own that would wake nobody. */
    if (rx_tail == rx_head) {
        SMCR = (1 << SE);
        sei();
        sleep_cpu();
    }
    sei();
}

/* ---- What sedge.h asks of a port ---------------------------------------------------------------------------------- */

uint32_t sedge_port_now_ms(void *port)
{
    (void)port;
    return sedge_avr_millis();
}

int16_t sedge_port_read(void *port)
{
    (void)port;
    int16_t byte = sedge_avr_read();
    /* What was lost came after what the ring still held. */
    return byte < 0 && sedge_avr_overrun() ? SEDGE_PORT_OVERRUN : byte;
}

bool sedge_port_write(void *port, uint8_t byte)
{
    (void)port;
    return put(byte);
}

void sedge_port_nv_read(void *port, uint8_t at, uint8_t *bytes, uint8_t length)
{
    (void)port;
    eeprom_read_block(bytes, (const uint8_t *)SEDGE_AVR_EEPROM_AT + at, length);
}

void sedge_port_nv_write(void *port, uint8_t at, const uint8_t *bytes, uint8_t length)
{
    (void)port;
    /* Writes only bytes that change: a cell lasts 100,000 writes. The library reads back what it needs to be sure of. */
    eeprom_update_block(bytes, (uint8_t *)SEDGE_AVR_EEPROM_AT + at, length);
}

void sedge_avr_text(const char *text)
{
    while (*text != '\0')
        sedge_avr_write((uint8_t)*text++);
}

#ifndef ARDUINO
static int put_text(char byte, FILE *stream)
{
    (void)stream;
    sedge_avr_write((uint8_t)byte);
    return 0;
}

static FILE text_stream = FDEV_SETUP_STREAM(put_text, NULL, _FDEV_SETUP_WRITE);

void sedge_avr_stdio(void)
{
    stdout = &text_stream;
}
#endif

#else
/* ISO C wants something in a file. */
typedef int sedge_avr_is_for_avr_only;
#endif
