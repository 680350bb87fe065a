/*
 * What a bare-metal board gives: a serial line, a clock, 156 bytes that last, a restart. microbit.c and mps2_an385.c
 * implement it.
 */
#ifndef SEDGE_CORTEX_M_BOARD_H
#define SEDGE_CORTEX_M_BOARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Starts clock and serial line (115,200 baud, 8N1). */
void board_start(void);

/** Milliseconds since boot; call it at least once in 70 minutes. */
uint32_t board_millis(void);

/** Takes received bytes, at most `capacity`; returns how many. Received by interrupt, so none is lost between calls. */
size_t board_read(uint8_t *bytes, size_t capacity);

/** Bytes that arrived while the ring was full, and are lost. */
uint16_t board_overruns(void);

/** Hands bytes to the serial line, as many as fit; returns how many. Sent by interrupt. */
size_t board_write(const uint8_t *bytes, size_t length);

/** How many bytes board_write would take now. */
size_t board_writable(void);

/** Reads `length` bytes of the lasting memory. */
void board_nv_read(uint16_t at, uint8_t *bytes, size_t length);

/** Writes to the lasting memory; a power cut leaves all of the old bytes or all of the new ones. */
void board_nv_write(uint16_t at, const uint8_t *bytes, size_t length);

/** Why the processor started, as in SEDGE_RESET_.... */
uint8_t board_reset_cause(void);

/** Sleeps until a byte comes or went, a millisecond at most. */
void board_idle(void);

/** Restarts the processor. */
void board_reset(void) __attribute__((noreturn));

/** Called by the vector of the processor's own timer. */
void board_tick(void);

/** Called by the vector of an external interrupt. */
void board_interrupt(uint32_t number);

#endif
