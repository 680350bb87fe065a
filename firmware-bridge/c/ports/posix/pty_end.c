/*
 * The end of a wire as a serial port: makes a pseudo terminal, shows its device under a name of your choice, and
 * copies between it and stdin and stdout.
 *
 *     pty-end LINK
 *
 * LINK is a symbolic link to the device, made anew if it is one already, and removed at the end. "plugged" and a
 * newline on stderr say that it is there. The program ends with its stdin, and at SIGTERM or SIGINT: whoever has the
 * port open then sees it go, as when an adapter is unplugged. What comes while nobody has the port open is dropped,
 * as an adapter does.
 */
#define _XOPEN_SOURCE 600
#define _DARWIN_C_SOURCE

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "sedge_posix.h"

/* How often a port that nobody has open is looked at: its master end only says "hang-up" all the time. */
#define CLOSED_POLL_MS 20

static volatile sig_atomic_t ending = 0;

static void on_signal(int signal_number) {
    (void)signal_number;
    ending = 1;
}

/* Writes all of it; false if the reader is gone. */
static int write_all(int fd, const unsigned char *bytes, size_t length) {
    while (length > 0) {
        ssize_t written = write(fd, bytes, length);
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) return 0;
        bytes += written;
        length -= (size_t)written;
    }
    return 1;
}

/* Copies until stdin ends or a signal comes. */
static void copy(int pty) {
    unsigned char bytes[4096];
    struct pollfd ends[2];
    int is_open = 0;
    ends[0].fd = STDIN_FILENO;
    ends[0].events = POLLIN;
    ends[1].events = POLLIN;
    while (!ending) {
        ends[1].fd = is_open ? pty : -1;
        ends[1].revents = 0;
        if (poll(ends, 2, is_open ? -1 : CLOSED_POLL_MS) < 0 && errno != EINTR) return;
        if (ends[0].revents & (POLLIN | POLLHUP)) {
            ssize_t count = read(STDIN_FILENO, bytes, sizeof bytes);
            if (count <= 0) return;
            if (is_open) (void)!write(pty, bytes, (size_t)count);
        }
        if (!is_open || ends[1].revents != 0) {
            ssize_t count = read(pty, bytes, sizeof bytes);
            /* EIO: nobody has it open. EAGAIN: somebody has, and says nothing. */
            is_open = count > 0 || (count < 0 && (errno == EAGAIN || errno == EINTR));
            if (count > 0 && !write_all(STDOUT_FILENO, bytes, (size_t)count)) return;
        }
    }
}

int main(int argc, char **argv) {
    struct sigaction action;
    int pty;
    if (argc != 2) {
        fprintf(stderr, "usage: pty-end LINK\n");
        return 2;
    }
    memset(&action, 0, sizeof action);
    action.sa_handler = on_signal;
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    signal(SIGPIPE, SIG_IGN);
    pty = sedge_posix_pty(argv[1]);
    if (pty < 0 || fcntl(pty, F_SETFL, O_NONBLOCK) != 0) {
        fprintf(stderr, "pty-end: %s: %s\n", argv[1], strerror(errno));
        return 1;
    }
    fprintf(stderr, "plugged\n");
    copy(pty);
    (void)unlink(argv[1]);
    return 0;
}
