#define _XOPEN_SOURCE 600
#define _DARWIN_C_SOURCE

#include "sedge_posix.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "../../include/sedge.h"

static bool make_nonblocking(int fd) {
    int flags = fcntl(fd, F_GETFL);
    return flags >= 0 && fcntl(fd, F_SETFL, flags | O_NONBLOCK) == 0;
}

static uint64_t monotonic_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

void sedge_posix_boot(struct sedge_posix *port) {
    port->booted_ms = monotonic_ms();
    port->rx_at = port->rx_length;
    port->tx_length = 0;
}

bool sedge_posix_open(struct sedge_posix *port, int in, int out, const char *nv_path) {
    memset(port, 0, sizeof *port);
    sedge_posix_boot(port);
    port->in = in;
    port->out = out;
    if (!make_nonblocking(in) || !make_nonblocking(out)) return false;
    /* The key lies in it. */
    port->nv = open(nv_path, O_RDWR | O_CREAT, 0600);
    return port->nv >= 0;
}

void sedge_posix_flush(struct sedge_posix *port) {
    uint16_t done = port->closed ? port->tx_length : 0;
    while (done < port->tx_length) {
        ssize_t count = write(port->out, port->tx + done, (size_t)(port->tx_length - done));
        if (count > 0) {
            done = (uint16_t)(done + count);
        } else if (count < 0 && errno == EINTR) {
            continue;
        } else {
            if (count == 0 || errno == EAGAIN || errno == EWOULDBLOCK) break;
            port->closed = true;
            done = port->tx_length;
        }
    }
    port->tx_length = (uint16_t)(port->tx_length - done);
    memmove(port->tx, port->tx + done, port->tx_length);
}

bool sedge_posix_text(struct sedge_posix *port, const char *text) {
    size_t length = strlen(text);
    if (length > (size_t)(SEDGE_POSIX_TX_SIZE - port->tx_length)) return false;
    memcpy(port->tx + port->tx_length, text, length);
    port->tx_length = (uint16_t)(port->tx_length + length);
    return true;
}

/* ---- What sedge.h asks of a port -------------------------------------------------------------------------------- */

uint32_t sedge_port_now_ms(void *context) {
    const struct sedge_posix *port = (const struct sedge_posix *)context;
    return (uint32_t)(monotonic_ms() - port->booted_ms);
}

int16_t sedge_port_read(void *context) {
    struct sedge_posix *port = (struct sedge_posix *)context;
    if (port->rx_at == port->rx_length) {
        ssize_t count = read(port->in, port->rx, sizeof port->rx);
        bool is_quiet = count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR);
        port->closed = count <= 0 && !is_quiet;
        port->rx_at = 0;
        port->rx_length = count > 0 ? (uint16_t)count : 0;
        if (count <= 0) return SEDGE_PORT_NONE;
    }
    return port->rx[port->rx_at++];
}

bool sedge_port_write(void *context, uint8_t byte) {
    struct sedge_posix *port = (struct sedge_posix *)context;
    if (port->tx_length == SEDGE_POSIX_TX_SIZE) return false;
    port->tx[port->tx_length++] = byte;
    return true;
}

void sedge_port_nv_read(void *context, uint8_t at, uint8_t *bytes, uint8_t length) {
    const struct sedge_posix *port = (const struct sedge_posix *)context;
    ssize_t count = pread(port->nv, bytes, length, at);
    if (count < 0) count = 0;
    /* What was never written reads as erased memory does. */
    memset(bytes + count, 0xff, (size_t)(length - count));
}

void sedge_port_nv_write(void *context, uint8_t at, const uint8_t *bytes, uint8_t length) {
    const struct sedge_posix *port = (const struct sedge_posix *)context;
    /* The library reads back what it wrote, so a disk that does not take it is found there. */
    if (pwrite(port->nv, bytes, length, at) == (ssize_t)length) (void)fsync(port->nv);
}
