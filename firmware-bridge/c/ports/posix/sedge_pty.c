#define _XOPEN_SOURCE 600
#define _DARWIN_C_SOURCE

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "sedge_posix.h"

/* Raw and without echo before anybody opens it: an echo would send a device its own frames. */
static bool make_raw(const char *path) {
    struct termios settings;
    bool is_raw = false;
    int fd = open(path, O_RDWR | O_NOCTTY);
    if (fd < 0) return false;
    if (tcgetattr(fd, &settings) == 0) {
        settings.c_iflag &= ~(tcflag_t)(IGNBRK | BRKINT | PARMRK | ISTRIP | INLCR | IGNCR | ICRNL | IXON);
        settings.c_oflag &= ~(tcflag_t)OPOST;
        settings.c_lflag &= ~(tcflag_t)(ECHO | ECHONL | ICANON | ISIG | IEXTEN);
        settings.c_cflag &= ~(tcflag_t)(CSIZE | PARENB);
        settings.c_cflag |= CS8;
        is_raw = tcsetattr(fd, TCSANOW, &settings) == 0;
    }
    /* Closed again: only then does the device's end see whether somebody else has it open. */
    close(fd);
    return is_raw;
}

int sedge_posix_pty(const char *link) {
    const char *name;
    struct stat found;
    int fd = posix_openpt(O_RDWR | O_NOCTTY);
    if (fd < 0) return -1;
    name = grantpt(fd) == 0 && unlockpt(fd) == 0 ? ptsname(fd) : NULL;
    if (name != NULL && make_raw(name)) {
        /* Nothing but an old link gives way. */
        if (lstat(link, &found) == 0 && S_ISLNK(found.st_mode)) (void)unlink(link);
        if (symlink(name, link) == 0) return fd;
    }
    close(fd);
    return -1;
}
