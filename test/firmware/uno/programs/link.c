/* The link layer alone: sends full frames of raw payload for ever, each beginning with its number. For measuring; no
 * session, no sealing. */
#include "../../../../firmware-bridge/c/src/sedge_link.h"
#include "sedge_avr.h"

static struct sedge_link link;
static uint32_t filled;

uint8_t sedge_link_fill(struct sedge_link *it, uint8_t number, uint8_t *payload)
{
    (void)it;
    /* The number of the record whose last eight bits the link number is, at or before the next new one. */
    uint32_t record = filled - (uint8_t)(filled - number);
    if (number == (uint8_t)filled)
        filled++;
    for (uint8_t at = 0; at < SEDGE_PAYLOAD_SIZE; at++)
        payload[at] = (uint8_t)(record >> (at < 4 ? 8 * at : 0)) + (at < 4 ? 0 : at);
    return SEDGE_PAYLOAD_SIZE;
}

uint8_t sedge_link_fill_control(struct sedge_link *it, uint8_t type, uint8_t *payload)
{
    (void)it;
    (void)type;
    (void)payload;
    return 0;
}

void sedge_link_done(struct sedge_link *it, uint8_t number)
{
    (void)it;
    (void)number;
}

enum sedge_taken sedge_link_take(struct sedge_link *it, uint8_t *payload, uint8_t length)
{
    (void)it;
    (void)payload;
    (void)length;
    return SEDGE_TAKEN;
}

void sedge_link_other(struct sedge_link *it, uint8_t type, uint8_t *payload, uint8_t length)
{
    (void)it;
    (void)type;
    (void)payload;
    (void)length;
}

void sedge_link_lost(struct sedge_link *it)
{
    sedge_link_restart(it);
    sedge_link_start(it, SEDGE_WINDOW);
    sedge_link_open(it);
}

int main(void)
{
    sedge_avr_begin();
    sedge_link_init(&link, 0);
    sedge_link_restart(&link);
    sedge_link_start(&link, SEDGE_WINDOW);
    sedge_link_open(&link);
    for (;;) {
        sedge_link_poll(&link);
        sedge_avr_idle();
    }
}
