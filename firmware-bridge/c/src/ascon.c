#include "ascon.h"

#include <string.h>

#define RATE 16

/* What becomes of the bytes that pass through the state. */
enum way { STAY, SEAL, OPEN };

/* The state is five lanes of 64 bits, little endian, as bytes. Chips of 8 bits work on it as it is. Define
 * SEDGE_ASCON_BYTES as 1 to have that form elsewhere. */
#ifndef SEDGE_ASCON_BYTES
#ifdef __AVR__
#define SEDGE_ASCON_BYTES 1
#else
#define SEDGE_ASCON_BYTES 0
#endif
#endif

#if SEDGE_ASCON_BYTES

#ifdef __AVR__
#include <avr/pgmspace.h>
#define IN_FLASH PROGMEM
#define FROM_FLASH(at) pgm_read_byte(at)
#else
#define IN_FLASH
#define FROM_FLASH(at) (*(at))
#endif

static void substitute(uint8_t *s)
{
    for (uint8_t i = 0; i < 8; i++, s++) {
        uint8_t x1 = s[8];
        uint8_t x3 = s[24];
        uint8_t x4 = (uint8_t)(s[32] ^ x3);
        uint8_t x0 = (uint8_t)(s[0] ^ s[32]);
        uint8_t x2 = (uint8_t)(s[16] ^ x1);
        uint8_t t0 = (uint8_t)(x0 ^ (~x1 & x2));
        uint8_t t2 = (uint8_t)(x2 ^ (~x3 & x4));
        uint8_t t4 = (uint8_t)(x4 ^ (~x0 & x1));
        s[8] = (uint8_t)(x1 ^ (~x2 & x3) ^ t0);
        s[24] = (uint8_t)(x3 ^ (~x4 & x0) ^ t2);
        s[0] = (uint8_t)(t0 ^ t4);
        s[16] = (uint8_t)~t2;
        s[32] = t4;
    }
}

/* Each lane is rotated twice, to the right by whole bytes and by the bits that a product with `factor` (256 >> bits)
 * moves from the high byte into the low one: the AVR has a multiplier, but shifts by one bit only. No rotation of Ascon is
 * of whole bytes. */
#define BY(bits) (bits) / 8, 256 >> ((bits) % 8)

static const uint8_t rotations[] IN_FLASH = { BY(19), BY(28), BY(61), BY(39), BY(1), BY(6), BY(10), BY(17), BY(7), BY(41) };

static void add_rotated(uint8_t *lane, const uint8_t *from, uint8_t factor)
{
    for (uint8_t i = 8; i; i--, lane++) {
        uint8_t low = (uint8_t)((uint16_t)(*from++ * factor) >> 8);
        *lane = (uint8_t)(*lane ^ low ^ (uint8_t)(*from * factor));
    }
}

static void diffuse(uint8_t *lane)
{
    const uint8_t *by = rotations;
    for (uint8_t lanes = 5; lanes; lanes--, lane += 8) {
        uint8_t was[16];
        for (uint8_t i = 0; i < 8; i++) {
            was[i] = was[i + 8] = lane[i];
        }
        for (uint8_t twice = 2; twice; twice--) {
            const uint8_t *from = was + FROM_FLASH(by++);
            add_rotated(lane, from, FROM_FLASH(by++));
        }
    }
}

static void permute(uint8_t *s, uint8_t constant)
{
    for (; constant >= 0x4b; constant = (uint8_t)(constant - 0x0f)) {
        s[16] ^= constant;
        substitute(s);
        diffuse(s);
    }
}

#else

static uint64_t rotated(uint64_t x, uint8_t bits)
{
    return (x >> bits) | (x << (64 - bits));
}

static void load(uint64_t *x, const uint8_t *s)
{
    for (uint8_t i = 0; i < 5; i++) {
        x[i] = 0;
        for (uint8_t k = 8; k--;) {
            x[i] = (x[i] << 8) | s[8 * i + k];
        }
    }
}

static void store(uint8_t *s, const uint64_t *x)
{
    for (uint8_t i = 0; i < 40; i++) {
        s[i] = (uint8_t)(x[i / 8] >> (8 * (i % 8)));
    }
}

static void permute(uint8_t *s, uint8_t constant)
{
    uint64_t x[5];
    load(x, s);
    for (; constant >= 0x4b; constant = (uint8_t)(constant - 0x0f)) {
        uint64_t t[5];
        x[2] ^= constant;
        x[0] ^= x[4];
        x[4] ^= x[3];
        x[2] ^= x[1];
        for (uint8_t i = 0; i < 5; i++) {
            t[i] = x[i] ^ (~x[(i + 1) % 5] & x[(i + 2) % 5]);
        }
        t[1] ^= t[0];
        t[0] ^= t[4];
        t[3] ^= t[2];
        t[2] = ~t[2];
        x[0] = t[0] ^ rotated(t[0], 19) ^ rotated(t[0], 28);
        x[1] = t[1] ^ rotated(t[1], 61) ^ rotated(t[1], 39);
        x[2] = t[2] ^ rotated(t[2], 1) ^ rotated(t[2], 6);
        x[3] = t[3] ^ rotated(t[3], 10) ^ rotated(t[3], 17);
        x[4] = t[4] ^ rotated(t[4], 7) ^ rotated(t[4], 41);
    }
    store(s, x);
}

#endif

/* The constant of the first round says how many follow: to 0x4b in steps of 15. */
#define ROUNDS_12 0xf0
#define ROUNDS_8 0xb4

static void mix_key(struct sedge_aead *aead, uint8_t at)
{
    for (uint8_t i = 0; i < 16; i++) {
        aead->state[at + i] ^= aead->key[i];
    }
}

static void permute_keyed(struct sedge_aead *aead)
{
    permute(aead->state, ROUNDS_12);
    mix_key(aead, 24);
}

static void pass(struct sedge_aead *aead, uint8_t *bytes, uint8_t length, uint8_t way)
{
    uint8_t *s = aead->state;
    uint8_t at = 0;
    for (; length; length--) {
        uint8_t in = *bytes;
        uint8_t out = (uint8_t)(in ^ s[at]);
        s[at] = way == OPEN ? in : out;
        if (way != STAY) {
            *bytes = out;
        }
        bytes++;
        if (++at == RATE) {
            permute(s, ROUNDS_8);
            at = 0;
        }
    }
    s[at] ^= 1;
}

void sedge_ascon(struct sedge_aead *aead)
{
    uint8_t *s = aead->state;
    /* 0x00001000808c0001, the parameters of Ascon-AEAD128. */
    memset(s, 0, 24);
    s[0] = 0x01;
    s[2] = 0x8c;
    s[3] = 0x80;
    s[5] = 0x10;
    mix_key(aead, 8);
    permute_keyed(aead);
    if (aead->ad_length) {
        pass(aead, aead->ad, aead->ad_length, STAY);
        permute(s, ROUNDS_8);
    }
    s[39] ^= 0x80;
    pass(aead, aead->ad + aead->ad_length, aead->text_length, aead->opening ? OPEN : SEAL);
    mix_key(aead, 16);
    permute_keyed(aead);
}
