/*
 * All that a new board must supply: copy this file, fill in the five functions, build it with src/ and include/. Nothing else is asked
 * for: no allocation, no interrupts, no operating system. `port` is whatever sedge_config.port points to; a board with
 * one serial line ignores it. The lines marked (board) stand for the registers of yours.
 */
#include "sedge.h"

/* (board) What this template has in the place of hardware: enough to be compiled and tried. */
static volatile uint32_t board_ticks_ms;
static uint8_t board_nv[SEDGE_NV_SIZE];
static volatile bool board_received, board_overrun, board_can_send;
static volatile uint8_t board_receive_register, board_send_register;

/*
 * Milliseconds since boot. Never goes back but for its wrap at 2^32, and goes on while the board sleeps: a timer that
 * stops in sleep needs the time slept added. A few percent of error do no harm, the host measures the clock again and
 * again. Called several times a poll: keep it cheap.
 */
uint32_t sedge_port_now_ms(void *port)
{
    (void)port;
    return board_ticks_ms;
}

/*
 * One received byte, or SEDGE_PORT_NONE at once. At 115,200 baud a byte comes every 87 us and the library is away for up to
 * 10 ms while it seals a record, so bytes have to be put into a ring by an interrupt or by DMA: 64 bytes will do on a
 * small board, 256 are comfortable. SEDGE_PORT_OVERRUN, once, where bytes were lost: it is counted, and the link mends it.
 */
int16_t sedge_port_read(void *port)
{
    (void)port;
    if (board_overrun) {
        board_overrun = false;
        return SEDGE_PORT_OVERRUN;
    }
    if (!board_received) return SEDGE_PORT_NONE;
    board_received = false;
    return board_receive_register;
}

/*
 * Takes one byte, or says false at once: the library comes again at the next poll. Without an interrupt's ring this sends a byte a
 * poll, slow but right. Nothing may be sent that was not taken, nor taken and not sent.
 */
bool sedge_port_write(void *port, uint8_t byte)
{
    (void)port;
    if (!board_can_send) return false;
    board_send_register = byte;
    return true;
}

/*
 * SEDGE_NV_SIZE bytes that outlive the power: EEPROM, FRAM, or flash with a log of images (ports/cortex-m/flash_nv.c can be used
 * as it is). Called once a boot and at provisioning. Memory that was never written may read as anything.
 */
void sedge_port_nv_read(void *port, uint8_t at, uint8_t *bytes, uint8_t length)
{
    (void)port;
    for (uint8_t i = 0; i < length; i++) bytes[i] = board_nv[at + i];
}

/*
 * Done when it returns. A power cut in the middle may leave any bytes from `at` to `at + length`, and must leave all
 * others alone: the library's two key slots and sixteen epoch cells rest on that. Flash that can only be erased by the page breaks it,
 * unless it is written as flash_nv.c does.
 */
void sedge_port_nv_write(void *port, uint8_t at, const uint8_t *bytes, uint8_t length)
{
    (void)port;
    for (uint8_t i = 0; i < length; i++) board_nv[at + i] = bytes[i];
}
