/* What the port of the Uno costs without the library: subtracted from a program with the link, it leaves the link. */
#include "sedge_avr.h"

int main(void)
{
    sedge_avr_begin();
    for (;;) {
        int16_t byte = sedge_port_read(0);
        if (byte == SEDGE_PORT_OVERRUN || sedge_port_now_ms(0) == 5)
            sedge_port_write(0, 1);
        else if (byte != SEDGE_PORT_NONE)
            sedge_port_write(0, (uint8_t)byte);
        sedge_avr_idle();
    }
}
