/* Ascon-AEAD128 of NIST SP 800-232, own code, small before fast. Not audited. Tables and branches do not depend on
 * secret data. */
#ifndef SEDGE_ASCON_H
#define SEDGE_ASCON_H

#include <stdbool.h>
#include <stdint.h>

struct sedge_aead {
    uint8_t state[40];
    const uint8_t *key;  /* 16 bytes */
    uint8_t *ad;         /* associated data; right behind it the text, encrypted or decrypted in place */
    uint8_t ad_length;
    uint8_t text_length;
    bool opening;
};

/* The nonce goes in, and the tag of 16 bytes comes out, here. */
#define SEDGE_ASCON_NONCE 24
#define SEDGE_ASCON_TAG 24

/* O(length). Opening: the text is only good if the tag is; compare it before use. */
void sedge_ascon(struct sedge_aead *aead);

#endif
