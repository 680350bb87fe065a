/* Ed25519 of the virtual device, by libcrypto where it is built with SIGN=1. */
#ifndef SIGNER_H
#define SIGNER_H

#include "../../include/sedge.h"

typedef bool (*signer)(struct sedge_device *device, const uint8_t *message, uint16_t length, uint8_t signature[64]);

/* NULL: this build cannot sign. */
signer signer_open(const uint8_t seed[32], uint8_t public_key[32]);

#endif
