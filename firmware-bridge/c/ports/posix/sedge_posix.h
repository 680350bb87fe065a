/*
 * The port of sedge to POSIX systems: a wire of two file descriptors (a serial port, a pseudo terminal, a socket, or
 * stdin and stdout), non-volatile memory in a file, the monotonic clock. One or many devices a process.
 *
 * `config.port` of a device is its `struct sedge_posix`.
 */
#ifndef SEDGE_POSIX_H
#define SEDGE_POSIX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Bytes that wait to be sent: two frames and some text. */
#define SEDGE_POSIX_TX_SIZE 1024

struct sedge_posix {
    int in;      /* both non-blocking */
    int out;
    int nv;      /* file of SEDGE_NV_SIZE bytes */
    uint64_t booted_ms;
    bool closed; /* the other side is gone, for now (a pseudo terminal that nobody has open) or for ever */
    uint16_t rx_at;
    uint16_t rx_length;
    uint16_t tx_length;
    uint8_t rx[512];
    uint8_t tx[SEDGE_POSIX_TX_SIZE];
};

/* Takes the two ends of a wire (they may be the same) and makes them non-blocking, opens or makes the file. False:
 * errno says why. */
bool sedge_posix_open(struct sedge_posix *port, int in, int out, const char *nv_path);

/* The device boots again: its clock begins at 0, and what waited either way is gone. */
void sedge_posix_boot(struct sedge_posix *port);

/* Writes what waits as far as the wire takes it; call it after sedge_poll. What a wire without another side does not
 * take is dropped, as a UART does that nobody is connected to. */
void sedge_posix_flush(struct sedge_posix *port);

/* Text between the frames, as printf of a sketch: only while sedge_quiet(). False: no room, try again. */
bool sedge_posix_text(struct sedge_posix *port, const char *text);

/* Makes a pseudo terminal, raw, and shows it as `link` (a symbolic link; an old one gives way). Returns the end that
 * the device keeps, -1 where errno says why. */
int sedge_posix_pty(const char *link);

#ifdef __cplusplus
}
#endif

#endif
