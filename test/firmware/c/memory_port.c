#include "memory_port.h"

#include <string.h>

void board_init(struct board *board)
{
    memset(board, 0, sizeof *board);
    memset(board->nv, 0xff, sizeof board->nv);
    board->cut_after = -1;
    board->uart_room = WIRE_SIZE;
}

void wire_put(struct bytes *wire, const uint8_t *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        wire->at[wire->to++ % WIRE_SIZE] = bytes[i];
    }
}

int wire_get(struct bytes *wire)
{
    return wire->from == wire->to ? -1 : wire->at[wire->from++ % WIRE_SIZE];
}

uint32_t sedge_port_now_ms(void *port)
{
    return ((struct board *)port)->now;
}

int16_t sedge_port_read(void *port)
{
    return (int16_t)wire_get(&((struct board *)port)->to_device);
}

bool sedge_port_write(void *port, uint8_t byte)
{
    struct board *board = port;
    if (board->to_host.to - board->to_host.from >= board->uart_room) {
        return false;
    }
    wire_put(&board->to_host, &byte, 1);
    return true;
}

void sedge_port_nv_read(void *port, uint8_t at, uint8_t *bytes, uint8_t length)
{
    memcpy(bytes, ((struct board *)port)->nv + at, length);
}

void sedge_port_nv_write(void *port, uint8_t at, const uint8_t *bytes, uint8_t length)
{
    struct board *board = port;
    for (uint8_t i = 0; i < length && !board->worn; i++) {
        if (board->cut_after == 0) {
            board->nv[at + i] = board->torn;
            board->cut_after = -1;
            longjmp(board->power, 1);
        }
        if (board->cut_after > 0) {
            board->cut_after--;
        }
        board->nv[at + i] = bytes[i];
    }
}
