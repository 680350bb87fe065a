/* The smallest program: one reading a second. sedge.h documents every call. */
#include "sedge.h"

enum { COUNT = 1 };

static const struct sedge_topic topics[] = {SEDGE_READING("bench/count", SEDGE_INT, "")};
static uint8_t buffer[256];
static const struct sedge_config config = SEDGE_CONFIG(NULL, topics, 1, buffer, sizeof buffer);
static struct sedge_device device;

int main(void)
{
    uint32_t next = 0;
    int32_t count = 0;
    /* (board) Start the clock and the serial line: 115,200 baud, 8 data bits, no parity, 1 stop bit. */
    if (!sedge_init(&device, &config, SEDGE_RESET_UNKNOWN)) return 1;
    for (;;) {
        sedge_poll(&device);
        uint32_t now = sedge_port_now_ms(NULL);
        if ((int32_t)(now - next) < 0) continue;
        next = now + 1000;
        (void)sedge_publish_int(&device, COUNT, count++);
        /* (board) While sedge_wait_ms(&device) is above 0 the processor may sleep until a byte or that time comes. */
    }
}
