#include "sedge_link.h"

#include <string.h>

#define NOT_READY 0x20
#define SENT_AGAIN 0x10

/* In a body before and behind the payload; in `tx` before the body: the first zero and the code of COBS. */
#define HEAD 3
#define BODY_AT 2
#define PAYLOAD_AT (BODY_AT + HEAD)

#define RX_STARTED 1
#define RX_SKIP 2

#define F_OPEN 1        /* DATA may go out */
#define F_PEER_BUSY 2   /* the host said not ready */
#define F_SELF_BUSY 4   /* we say so */
#define F_ACK_NOW 8
#define F_NAK_NOW 16

#define FIRST_TIMEOUT_MS 100
#define DOUBLINGS 4
#define ACK_DELAY_MS 20
#define NAK_AGAIN_MS 250
#define ASK_AGAIN_MS 500
#define REFUSALS_MAX 8
#define ABOVE_MAX 96

static void count(sedge_tally *counter)
{
#if SEDGE_STATS
    if (!++*counter) {
        --*counter;
    }
#else
    (void)counter;
#endif
}

/* ---- out ---- */

uint8_t *sedge_link_payload(struct sedge_link *link)
{
    return link->tx_length ? NULL : &link->tx[PAYLOAD_AT];
}

static void stuff(uint8_t *code, const uint8_t *end)
{
    uint8_t run = 1;
    for (uint8_t *at = code + 1; at != end; at++) {
        if (*at) {
            run++;
        } else {
            *code = run;
            code = at;
            run = 1;
        }
    }
    *code = run;
}

SEDGE_APART static void send(struct sedge_link *link, uint8_t control, uint8_t number, uint8_t length)
{
    uint8_t *body = &link->tx[BODY_AT];
    uint8_t size = (uint8_t)(HEAD + length + SEDGE_CRC_SIZE);
#if SEDGE_COMMANDS
    if (link->flags & F_SELF_BUSY) {
        control |= NOT_READY;
    }
#endif
    body[0] = control;
    body[1] = number;
    body[2] = link->wanted;
    (void)sedge_crc_end(body, size);
    body[size] = 0;
    link->tx[0] = 0;
    stuff(&link->tx[1], body + size);
    link->tx_length = (uint8_t)(BODY_AT + size + 1);
    link->tx_sent = 0;
#if SEDGE_COMMANDS
    link->owed = 0;
#endif
    link->flags &= (uint8_t)~F_ACK_NOW;
    link->timer[SEDGE_TIMER_BEAT] = link->beat_ms;
    count(&link->stats.frames_out);
}

void sedge_link_send(struct sedge_link *link, uint8_t type, uint8_t length)
{
    send(link, type, link->high, length);
}

SEDGE_APART static void arm(struct sedge_link *link)
{
    link->timer[SEDGE_TIMER_RESEND] = (uint16_t)(FIRST_TIMEOUT_MS << link->backoff);
}

/* Hands the frame to the port as far as there is room. The time-out runs from its last byte: at a low baud rate a
 * window takes longer to send than the time-out is. */
static void pump(struct sedge_link *link)
{
    while (link->tx_length) {
        if (!sedge_port_write(link->port, link->tx[link->tx_sent])) {
            return;
        }
        if (++link->tx_sent == link->tx_length) {
            link->tx_length = 0;
            if ((link->tx[BODY_AT] & 0x0f) == SEDGE_DATA && !(link->flags & F_PEER_BUSY)) {
                arm(link);
            }
        }
    }
}

static bool send_data(struct sedge_link *link, uint8_t number)
{
    uint8_t length = sedge_link_fill(link, number, &link->tx[PAYLOAD_AT]);
    uint8_t control = SEDGE_DATA;
    if (!length) {
        return false;
    }
    if (number == link->high) {
        link->high++;
    } else {
        control |= SENT_AGAIN;
        count(&link->stats.sent_again);
    }
    send(link, control, number, length);
    return true;
}

/* The host holds its hand up: ask now and then whether it still does. */
static bool ask(struct sedge_link *link)
{
    if (link->timer[SEDGE_TIMER_RESEND]) {
        return false;
    }
    link->timer[SEDGE_TIMER_RESEND] = ASK_AGAIN_MS;
    link->unheard++;
    if (link->base != link->high && send_data(link, link->base)) {
        return true;
    }
    link->flags |= F_ACK_NOW;
    return false;
}

static bool send_next(struct sedge_link *link)
{
    if (link->flags & F_PEER_BUSY) {
        return ask(link);
    }
    if (link->base != link->high && !link->timer[SEDGE_TIMER_RESEND]) {
        link->next = link->base;
        link->unheard++;
        if (link->backoff < DOUBLINGS) {
            link->backoff++;
        }
    }
    if (!(link->flags & F_OPEN)) {
        return false;
    }
    if (link->next == link->high && (uint8_t)(link->high - link->base) >= link->window) {
        return false;
    }
    if (!send_data(link, link->next)) {
        return false;
    }
    link->next++;
    return true;
}

static bool ack_is_due(const struct sedge_link *link)
{
#if SEDGE_COMMANDS
    if (link->owed >= 2 || (link->owed && !link->timer[SEDGE_TIMER_ACK])) {
        return true;
    }
#endif
    return link->flags & F_ACK_NOW;
}

static void next_frame(struct sedge_link *link)
{
    uint8_t type = link->control;
    if (type) {
        uint8_t length = sedge_link_fill_control(link, type, &link->tx[PAYLOAD_AT]);
        link->control = 0;
        if (length) {
            sedge_link_send(link, type, length);
        }
        return;
    }
    if (!link->window) {
        return;
    }
#if SEDGE_COMMANDS
    if (link->flags & F_NAK_NOW) {
        link->flags &= (uint8_t)~F_NAK_NOW;
        link->timer[SEDGE_TIMER_NAK] = NAK_AGAIN_MS;
        count(&link->stats.naks);
        send(link, SEDGE_NAK, link->wanted, 0);
        return;
    }
#endif
    if (!link->timer[SEDGE_TIMER_BEAT]) {
        link->unheard++;
        link->flags |= F_ACK_NOW;
    }
    if (!send_next(link) && ack_is_due(link)) {
        sedge_link_send(link, SEDGE_ACK, 0);
    }
}

/* ---- in ---- */

/* Measured against the highest number ever sent: `next` may have been taken back since, and an acknowledgement of
 * what went out before that is as good. */
static void on_ack(struct sedge_link *link, uint8_t ack)
{
    uint8_t freed = (uint8_t)(ack - link->base);
    if (freed > (uint8_t)(link->high - link->base)) {
        count(&link->stats.bad_acks);
        return;
    }
    if (!freed) {
        return;
    }
    do {
        sedge_link_done(link, link->base);
        if (link->next == link->base) {
            link->next++;
        }
        link->base++;
    } while (--freed);
    link->backoff = 0;
    if (!(link->flags & F_PEER_BUSY)) {
        arm(link);
    }
}

static void on_nak(struct sedge_link *link, uint8_t number)
{
    uint8_t ahead = (uint8_t)(number - link->base);
    if (ahead <= (uint8_t)(link->high - link->base)) {
        link->next = number;
        return;
    }
    count(&link->stats.bad_acks);
    if (ahead >= 128) {
        /* It wants what it had acknowledged: the two sides count differently, and no frame will mend that. */
        sedge_link_lost(link);
    }
}

static void on_refused(struct sedge_link *link)
{
    count(&link->stats.refused);
    if (++link->refusals == REFUSALS_MAX) {
        sedge_link_lost(link);
    }
}

#if SEDGE_COMMANDS

static void on_data_in_order(struct sedge_link *link, uint8_t length)
{
    switch (sedge_link_take(link, &link->rx[HEAD], length)) {
    case SEDGE_TAKEN:
        link->wanted++;
        link->refusals = 0;
        link->above = 0;
        link->flags &= (uint8_t) ~(F_SELF_BUSY | F_NAK_NOW);
        link->timer[SEDGE_TIMER_NAK] = 0;
        if (!link->owed++) {
            link->timer[SEDGE_TIMER_ACK] = ACK_DELAY_MS;
        }
        break;
    case SEDGE_NOT_NOW:
        link->flags |= F_SELF_BUSY | F_ACK_NOW;
        break;
    case SEDGE_REFUSED:
        on_refused(link);
        break;
    }
}

static void on_data_above(struct sedge_link *link, uint8_t number)
{
    if (link->flags & F_SELF_BUSY) {
        return;
    }
    if (++link->above == ABOVE_MAX) {
        sedge_link_lost(link);
        return;
    }
    /* Once a gap; again where the host went back already (numbers no longer rise) and the wanted one got lost anew. */
    if (!link->timer[SEDGE_TIMER_NAK] || (int8_t)(number - link->seen) <= 0) {
        link->flags |= F_NAK_NOW;
    }
    link->seen = number;
}

#else

/* Without commands the host sends WELCOME, and a TIME now and then: acknowledged at once, and what is lost comes again
 * without a NAK. */
static void on_data_in_order(struct sedge_link *link, uint8_t length)
{
    if (sedge_link_take(link, &link->rx[HEAD], length) == SEDGE_REFUSED) {
        on_refused(link);
        return;
    }
    link->wanted++;
    link->refusals = 0;
    link->flags |= F_ACK_NOW;
}

static void on_data_above(struct sedge_link *link, uint8_t number)
{
    (void)number;
    if (++link->refusals == ABOVE_MAX) {
        sedge_link_lost(link);
    }
}

#endif

static void on_data(struct sedge_link *link, uint8_t number, uint8_t length)
{
    uint8_t ahead = (uint8_t)(number - link->wanted);
    if (!ahead) {
        on_data_in_order(link, length);
    } else if (ahead >= 128) {
        count(&link->stats.duplicates);
        link->flags |= F_ACK_NOW;
    } else {
        on_data_above(link, number);
    }
}

static void on_readiness(struct sedge_link *link, uint8_t control)
{
    if (!(control & NOT_READY)) {
        if (link->flags & F_PEER_BUSY) {
            link->flags &= (uint8_t)~F_PEER_BUSY;
            arm(link);
        }
    } else if (!(link->flags & F_PEER_BUSY)) {
        link->flags |= F_PEER_BUSY;
        link->timer[SEDGE_TIMER_RESEND] = ASK_AGAIN_MS;
    }
}

static void on_frame(struct sedge_link *link)
{
    uint8_t control = link->rx[0];
    uint8_t number = link->rx[1];
    uint8_t length = (uint8_t)(link->rx_length - HEAD - SEDGE_CRC_SIZE);
    uint8_t type = control & 0x0f;
    count(&link->stats.frames_in);
    if (control & 0xc0) {
        count(&link->stats.unknown_frames);
        return;
    }
    link->unheard = 0;
    if (!link->window || type > SEDGE_NAK || !type) {
        sedge_link_other(link, type, &link->rx[HEAD], length);
        return;
    }
    on_ack(link, link->rx[2]);
    on_readiness(link, control);
    if (type == SEDGE_DATA) {
        on_data(link, number, length);
    } else if (type == SEDGE_NAK) {
        on_nak(link, number);
    }
}

static void end_of_chunk(struct sedge_link *link)
{
    if (!(link->rx_flags & RX_STARTED) || (link->rx_flags & RX_SKIP)) {
        return;
    }
    if (!link->rx_block && link->rx_length >= HEAD + SEDGE_CRC_SIZE && sedge_crc_end(link->rx, link->rx_length)) {
        on_frame(link);
        return;
    }
    count(&link->stats.bad_crc);
}

static void keep(struct sedge_link *link, uint8_t byte)
{
    if (link->rx_length == SEDGE_MTU) {
        link->rx_flags |= RX_SKIP;
        count(&link->stats.too_long);
    } else {
        link->rx[link->rx_length++] = byte;
    }
}

static void receive(struct sedge_link *link, uint8_t byte)
{
    if (!byte) {
        end_of_chunk(link);
        link->rx_flags = 0;
        link->rx_length = 0;
        link->rx_block = 0;
    } else if (link->rx_flags & RX_SKIP) {
        return;
    } else if (link->rx_block) {
        link->rx_block--;
        keep(link, byte);
    } else {
        link->rx_block = (uint8_t)(byte - 1);
        if (link->rx_flags & RX_STARTED) {
            keep(link, 0);
        }
        link->rx_flags |= RX_STARTED;
    }
}

static void receive_all(struct sedge_link *link)
{
    for (uint16_t budget = 2 * SEDGE_MTU; budget; budget--) {
        int16_t byte = sedge_port_read(link->port);
        if (byte == SEDGE_PORT_NONE) {
            return;
        }
        if (byte < 0) {
            count(&link->stats.overruns);
            link->rx_flags |= RX_SKIP;
        } else {
            receive(link, (uint8_t)byte);
        }
    }
}

/* ---- life ---- */

static void tick(struct sedge_link *link)
{
    uint16_t now = (uint16_t)sedge_port_now_ms(link->port);
    uint16_t elapsed = (uint16_t)(now - link->now);
    link->now = now;
    for (uint8_t i = 0; i < SEDGE_TIMERS; i++) {
        uint16_t *left = &link->timer[i];
        *left = *left > elapsed ? (uint16_t)(*left - elapsed) : 0;
    }
}

void sedge_link_poll(struct sedge_link *link)
{
    tick(link);
    receive_all(link);
    pump(link);
    if (!link->tx_length) {
        next_frame(link);
        pump(link);
    }
}

void sedge_link_init(struct sedge_link *link, void *port)
{
    link->port = port;
    link->now = (uint16_t)sedge_port_now_ms(port);
    link->beat_ms = SEDGE_BEAT_MS;
}

void sedge_link_restart(struct sedge_link *link)
{
    link->base = 0;
    link->next = 0;
    link->high = 0;
    link->wanted = 0;
    link->backoff = 0;
    link->unheard = 0;
    link->refusals = 0;
    link->flags = 0;
#if SEDGE_COMMANDS
    link->owed = 0;
    link->above = 0;
#endif
    link->window = 0;
}

void sedge_link_start(struct sedge_link *link, uint8_t window)
{
    link->window = window < SEDGE_WINDOW ? window : SEDGE_WINDOW;
}

void sedge_link_open(struct sedge_link *link)
{
    link->flags |= F_OPEN;
}

void sedge_link_control(struct sedge_link *link, uint8_t type)
{
    link->control = type;
}

#if SEDGE_COMMANDS

void sedge_link_ready(struct sedge_link *link)
{
    if (link->flags & F_SELF_BUSY) {
        link->flags &= (uint8_t)~F_SELF_BUSY;
        link->flags |= F_ACK_NOW;
    }
}

#endif

bool sedge_link_may_send(const struct sedge_link *link)
{
    return (link->flags & (F_OPEN | F_PEER_BUSY)) == F_OPEN
        && (link->next != link->high || (uint8_t)(link->high - link->base) < link->window);
}

uint16_t sedge_link_wait_ms(const struct sedge_link *link)
{
    uint16_t wait = link->timer[SEDGE_TIMER_BEAT];
    if (link->tx_length || link->control || (link->flags & (F_ACK_NOW | F_NAK_NOW)) || link->next != link->high) {
        return 0;
    }
#if SEDGE_COMMANDS
    if (link->owed && link->timer[SEDGE_TIMER_ACK] < wait) {
        wait = link->timer[SEDGE_TIMER_ACK];
    }
#endif
    if ((link->base != link->high || (link->flags & F_PEER_BUSY)) && link->timer[SEDGE_TIMER_RESEND] < wait) {
        wait = link->timer[SEDGE_TIMER_RESEND];
    }
    return wait;
}
