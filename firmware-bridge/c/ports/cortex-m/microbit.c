/* BBC micro:bit (v1), nRF51822, Cortex-M0 at 16 MHz. Register numbers: nRF51 Series Reference Manual 3.0. */
#include "board.h"
#include "flash_nv.h"
#include "ring.h"

#define REGISTER(address) (*(volatile uint32_t *)(address))

#define CLOCK_HFCLKSTART REGISTER(0x40000000U)
#define CLOCK_HFCLKSTARTED REGISTER(0x40000100U)
#define POWER_RESETREAS REGISTER(0x40000400U)

#define UART_STARTRX REGISTER(0x40002000U)
#define UART_STARTTX REGISTER(0x40002008U)
#define UART_RXDRDY REGISTER(0x40002108U)
#define UART_TXDRDY REGISTER(0x4000211cU)
#define UART_INTENSET REGISTER(0x40002304U)
#define UART_ENABLE REGISTER(0x40002500U)
#define UART_PSELTXD REGISTER(0x4000250cU)
#define UART_PSELRXD REGISTER(0x40002514U)
#define UART_RXD REGISTER(0x40002518U)
#define UART_TXD REGISTER(0x4000251cU)
#define UART_BAUDRATE REGISTER(0x40002524U)

#define TIMER0_START REGISTER(0x40008000U)
#define TIMER0_CAPTURE0 REGISTER(0x40008040U)
#define TIMER0_COMPARE1 REGISTER(0x40008144U)
#define TIMER0_INTENSET REGISTER(0x40008304U)
#define TIMER0_BITMODE REGISTER(0x40008508U)
#define TIMER0_PRESCALER REGISTER(0x40008510U)
#define TIMER0_CC0 REGISTER(0x40008540U)
#define TIMER0_CC1 REGISTER(0x40008544U)

#define NVMC_READY REGISTER(0x4001e400U)
#define NVMC_CONFIG REGISTER(0x4001e504U)
#define NVMC_ERASEPAGE REGISTER(0x4001e508U)

#define NVIC_ISER REGISTER(0xe000e100U)

/* P0.24 and P0.25 lead to the interface chip, which is the serial port over USB. */
enum { PIN_TXD = 24, PIN_RXD = 25, UART_IRQ = 2, TIMER0_IRQ = 8, BAUD_115200 = 0x01d7e000, PAGE_BYTES = 1024 };
enum { INTERRUPT_RXDRDY = 1 << 2, INTERRUPT_TXDRDY = 1 << 7, INTERRUPT_COMPARE1 = 1 << 17 };

extern const volatile uint8_t board_nv_pages[];

static struct ring received, waiting;
static volatile bool sending;
static volatile bool overrun;

void board_start(void)
{
    CLOCK_HFCLKSTART = 1;
    while (CLOCK_HFCLKSTARTED == 0) {
    }
    TIMER0_BITMODE = 3; /* 32 bits */
    TIMER0_PRESCALER = 4; /* 1 MHz */
    TIMER0_INTENSET = INTERRUPT_COMPARE1;
    TIMER0_START = 1;

    UART_PSELTXD = PIN_TXD;
    UART_PSELRXD = PIN_RXD;
    UART_BAUDRATE = BAUD_115200;
    UART_ENABLE = 4;
    UART_INTENSET = INTERRUPT_RXDRDY | INTERRUPT_TXDRDY;
    UART_STARTRX = 1;
    UART_STARTTX = 1;
    NVIC_ISER = 1U << UART_IRQ | 1U << TIMER0_IRQ;
}

/* Adds up whole milliseconds, as the processor cannot divide and the microseconds wrap after 71 minutes. */
uint32_t sedge_port_now_ms(void *port)
{
    (void)port;
    static uint32_t millis, counted_us;
    TIMER0_CAPTURE0 = 1;
    uint32_t since_us = TIMER0_CC0 - counted_us;
    uint32_t whole = since_us / 1000;
    millis += whole;
    counted_us += whole * 1000;
    return millis;
}

void board_idle(void)
{
    TIMER0_CAPTURE0 = 1;
    TIMER0_CC1 = TIMER0_CC0 + 1000;
    __asm volatile("wfi");
}

void board_tick(void)
{
    /* The nRF51 has no SysTick. */
}

void board_interrupt(uint32_t number)
{
    uint8_t byte;
    if (number == TIMER0_IRQ) TIMER0_COMPARE1 = 0;
    if (number != UART_IRQ) return;
    while (UART_RXDRDY != 0) {
        UART_RXDRDY = 0;
        if (!ring_put(&received, (uint8_t)UART_RXD)) overrun = true;
    }
    if (UART_TXDRDY == 0) return;
    UART_TXDRDY = 0;
    if (ring_take(&waiting, &byte)) UART_TXD = byte;
    else sending = false;
}

int16_t sedge_port_read(void *port)
{
    uint8_t byte;
    (void)port;
    if (overrun) {
        overrun = false;
        return SEDGE_PORT_OVERRUN;
    }
    return ring_take(&received, &byte) ? byte : SEDGE_PORT_NONE;
}

bool sedge_port_write(void *port, uint8_t byte)
{
    uint8_t first;
    (void)port;
    bool taken = ring_put(&waiting, byte);
    __asm volatile("cpsid i" ::: "memory");
    if (!sending && ring_take(&waiting, &first)) {
        sending = true;
        UART_TXD = first;
    }
    __asm volatile("cpsie i" ::: "memory");
    return taken;
}

static void await_flash(void)
{
    while (NVMC_READY == 0) {
    }
}

static void erase_page(uint32_t page)
{
    NVMC_CONFIG = 2;
    NVMC_ERASEPAGE = (uint32_t)(uintptr_t)board_nv_pages + page * PAGE_BYTES;
    await_flash();
    NVMC_CONFIG = 0;
}

static void program_word(uint32_t offset, uint32_t word)
{
    NVMC_CONFIG = 1;
    REGISTER((uintptr_t)board_nv_pages + offset) = word;
    await_flash();
    NVMC_CONFIG = 0;
}

static const struct flash_nv nv = {board_nv_pages, PAGE_BYTES, erase_page, program_word};

void sedge_port_nv_read(void *port, uint8_t at, uint8_t *bytes, uint8_t length)
{
    (void)port;
    flash_nv_read(&nv, at, bytes, length);
}

void sedge_port_nv_write(void *port, uint8_t at, const uint8_t *bytes, uint8_t length)
{
    (void)port;
    flash_nv_write(&nv, at, bytes, length);
}

enum sedge_reset_cause board_reset_cause(void)
{
    uint32_t reasons = POWER_RESETREAS;
    POWER_RESETREAS = reasons; /* the bits stay until they are written */
    if ((reasons & 2) != 0) return SEDGE_RESET_WATCHDOG;
    if ((reasons & 4) != 0) return SEDGE_RESET_SOFTWARE;
    if ((reasons & 1) != 0) return SEDGE_RESET_PIN;
    return SEDGE_RESET_POWER;
}
