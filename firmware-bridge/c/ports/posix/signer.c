#include "signer.h"

#ifdef SEDGE_POSIX_SIGN

#include <openssl/evp.h>

static EVP_PKEY *key;

static bool sign(struct sedge_device *device, const uint8_t *message, uint16_t length, uint8_t signature[64])
{
    size_t size = 64;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool good = context && EVP_DigestSignInit(context, NULL, NULL, NULL, key) == 1
        && EVP_DigestSign(context, signature, &size, message, length) == 1 && size == 64;
    EVP_MD_CTX_free(context);
    (void)device;
    return good;
}

signer signer_open(const uint8_t seed[32], uint8_t public_key[32])
{
    size_t size = 32;
    key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, 32);
    return key && EVP_PKEY_get_raw_public_key(key, public_key, &size) == 1 ? sign : NULL;
}

#else

signer signer_open(const uint8_t seed[32], uint8_t public_key[32])
{
    (void)seed;
    (void)public_key;
    return NULL;
}

#endif
