/*
 * ARM MPS2 with the AN385 image: Cortex-M3 at 25 MHz, CMSDK peripherals. Register numbers: Application Note AN385 and
 * the Cortex-M System Design Kit's manual. The board has no flash that a program writes: the lasting memory is RAM that
 * a reset leaves alone, enough to try the port and no more.
 */
#include <string.h>

#include "board.h"
#include "ring.h"

#define REGISTER(address) (*(volatile uint32_t *)(address))

#define UART0_DATA REGISTER(0x40004000U)
#define UART0_STATE REGISTER(0x40004004U)
#define UART0_CTRL REGISTER(0x40004008U)
#define UART0_INTCLEAR REGISTER(0x4000400cU)
#define UART0_BAUDDIV REGISTER(0x40004010U)

#define SYSTICK_CONTROL REGISTER(0xe000e010U)
#define SYSTICK_RELOAD REGISTER(0xe000e014U)

#define NVIC_ISER REGISTER(0xe000e100U)

enum { CLOCK_HZ = 25000000, BAUD = 115200, UART0_RX_IRQ = 0, UART0_TX_IRQ = 1, NV_BYTES = SEDGE_NV_SIZE };
enum { STATE_TX_FULL = 1, STATE_RX_FULL = 2, CTRL_ALL = 0x0f, CLEAR_TX = 1, CLEAR_RX = 2 };
enum { SYSTICK_ENABLE = 7, NV_MAGIC = 0x73656467 };

static struct ring received, waiting;
static volatile bool overrun;
static volatile uint32_t millis;

static struct {
    uint32_t magic;
    uint8_t bytes[NV_BYTES];
} nv __attribute__((section(".noinit")));

void board_start(void)
{
    SYSTICK_RELOAD = CLOCK_HZ / 1000 - 1;
    SYSTICK_CONTROL = SYSTICK_ENABLE;
    UART0_BAUDDIV = CLOCK_HZ / BAUD;
    UART0_CTRL = CTRL_ALL;
    NVIC_ISER = 1U << UART0_RX_IRQ | 1U << UART0_TX_IRQ;
}

void board_tick(void)
{
    millis++;
}

uint32_t sedge_port_now_ms(void *port)
{
    (void)port;
    return millis;
}

void board_idle(void)
{
    __asm volatile("wfi");
}

void board_interrupt(uint32_t number)
{
    uint8_t byte;
    if (number == UART0_RX_IRQ) {
        UART0_INTCLEAR = CLEAR_RX;
        while ((UART0_STATE & STATE_RX_FULL) != 0)
            if (!ring_put(&received, (uint8_t)UART0_DATA)) overrun = true;
    }
    if (number == UART0_TX_IRQ) {
        UART0_INTCLEAR = CLEAR_TX;
        while ((UART0_STATE & STATE_TX_FULL) == 0 && ring_take(&waiting, &byte)) UART0_DATA = byte;
    }
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
    uint8_t next;
    (void)port;
    bool taken = ring_put(&waiting, byte);
    /* An idle line gives no interrupt: begin here, the interrupt goes on. */
    __asm volatile("cpsid i" ::: "memory");
    while ((UART0_STATE & STATE_TX_FULL) == 0 && ring_take(&waiting, &next)) UART0_DATA = next;
    __asm volatile("cpsie i" ::: "memory");
    return taken;
}

static void nv_start(void)
{
    if (nv.magic == NV_MAGIC) return;
    memset(nv.bytes, 0xff, sizeof nv.bytes);
    nv.magic = NV_MAGIC;
}

void sedge_port_nv_read(void *port, uint8_t at, uint8_t *bytes, uint8_t length)
{
    (void)port;
    nv_start();
    memcpy(bytes, nv.bytes + at, length);
}

void sedge_port_nv_write(void *port, uint8_t at, const uint8_t *bytes, uint8_t length)
{
    (void)port;
    nv_start();
    memcpy(nv.bytes + at, bytes, length);
}

enum sedge_reset_cause board_reset_cause(void)
{
    return nv.magic == NV_MAGIC ? SEDGE_RESET_SOFTWARE : SEDGE_RESET_POWER;
}
