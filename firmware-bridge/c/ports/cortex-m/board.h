/*
 * What a program on a bare-metal board needs beside the five functions of sedge's port (sedge.h). microbit.c and
 * mps2_an385.c implement all of them, with a null pointer for the port: a board has one serial line to the host.
 */
#ifndef SEDGE_CORTEX_M_BOARD_H
#define SEDGE_CORTEX_M_BOARD_H

#include <stdint.h>

#include "sedge.h"

/** Starts clock and serial line (115,200 baud, 8N1). Bytes come and go by interrupt, so that none is lost meanwhile. */
void board_start(void);

/** Why the processor started; call it once. */
enum sedge_reset_cause board_reset_cause(void);

/** Sleeps until a byte comes or went, a millisecond at most. */
void board_idle(void);

/** Restarts the processor. */
void board_reset(void) __attribute__((noreturn));

/** Called by the vector of the processor's own timer. */
void board_tick(void);

/** Called by the vector of an external interrupt. */
void board_interrupt(uint32_t number);

#endif
