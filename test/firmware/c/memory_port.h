/* The board of the tests: time, both directions of the UART and the non-volatile memory are variables. Power can fail
 * in a write. */
#ifndef MEMORY_PORT_H
#define MEMORY_PORT_H

#include "../../../firmware-bridge/c/include/sedge.h"

#include <setjmp.h>

#define WIRE_SIZE 65536

struct bytes {
    uint8_t at[WIRE_SIZE];
    size_t from;
    size_t to;
};

struct board {
    uint32_t now;
    struct bytes to_device;
    struct bytes to_host;
    size_t uart_room;      /* bytes that the UART takes before it is full */
    uint8_t nv[SEDGE_NV_SIZE];
    long cut_after;        /* bytes of nv written until the power fails; -1: never */
    uint8_t torn;          /* what the byte holds that was just being written */
    bool worn;             /* nv keeps nothing */
    jmp_buf power;         /* where a power cut leads */
};

void board_init(struct board *board);
void wire_put(struct bytes *wire, const uint8_t *bytes, size_t length);
/* -1: empty. */
int wire_get(struct bytes *wire);

#endif
