/* Every use of a key is here, and each has a nonce of its own; README.md of firmware-bridge says why none comes twice. */
#include "device.h"

#include <string.h>

#define NONCE_EPOCH 4
#define NONCE_DIRECTION 8

void sedge_put_le32(uint8_t *bytes, uint32_t value)
{
    for (uint8_t i = 0; i < 4; i++) {
        bytes[i] = (uint8_t)value;
        value >>= 8;
    }
}

uint32_t sedge_get_le32(const uint8_t *bytes)
{
    uint32_t value = 0;
    for (uint8_t i = 4; i--;) {
        value = (value << 8) | bytes[i];
    }
    return value;
}

void sedge_session_key(struct sedge_device *device)
{
    static const char label[22] = { 's', 'e', 'd', 'g', 'e', '-', 's', 'e', 'r', 'i', 'a',
                                    'l', '/', '1', ' ', 's', 'e', 's', 's', 'i', 'o', 'n' };
    struct sedge_aead aead;
    uint8_t key[SEDGE_KEY_SIZE];
    uint8_t ad[sizeof label + SEDGE_ID_SIZE];
    uint8_t *nonce = &aead.state[SEDGE_ASCON_NONCE];
    memcpy(ad, label, sizeof label);
    sedge_nv_get(device, SEDGE_NV_ID, ad + sizeof label, SEDGE_ID_SIZE);
    sedge_nv_get(device, SEDGE_NV_KEY, key, sizeof key);
    memcpy(nonce, device->host_nonce, 8);
    sedge_put_le32(nonce + 8, device->epoch);
    sedge_put_le32(nonce + 12, device->session);
    aead.key = key;
    aead.ad = ad;
    aead.ad_length = sizeof ad;
    aead.text_length = 0;
    sedge_ascon(&aead);
    memcpy(device->session_key, &aead.state[SEDGE_ASCON_TAG], sizeof device->session_key);
}

static void run(const struct sedge_device *device, struct sedge_aead *aead, enum sedge_direction direction)
{
    uint8_t *nonce = &aead->state[SEDGE_ASCON_NONCE];
    memset(nonce, 0, 16);
    if (direction <= SEDGE_OF_DEVICE) {
        memcpy(nonce, aead->ad + 2, 4);
    }
    sedge_put_le32(nonce + NONCE_EPOCH, device->epoch);
    nonce[NONCE_DIRECTION] = (uint8_t)direction;
    aead->key = device->session_key;
    sedge_ascon(aead);
}

static void run_record(const struct sedge_device *device, struct sedge_aead *aead, enum sedge_direction direction)
{
    aead->text = (uint8_t *)(uintptr_t)aead->ad + SEDGE_RECORD_HEAD;
    aead->ad_length = SEDGE_RECORD_HEAD;
    run(device, aead, direction);
}

uint8_t sedge_seal(const struct sedge_device *device, enum sedge_direction direction, uint8_t *record, uint8_t length)
{
    struct sedge_aead aead;
    aead.ad = record;
    aead.text_length = (uint8_t)(length - SEDGE_RECORD_HEAD);
    aead.opening = false;
    run_record(device, &aead, direction);
    memcpy(record + length, &aead.state[SEDGE_ASCON_TAG], SEDGE_TAG_SIZE);
    return (uint8_t)(length + SEDGE_TAG_SIZE);
}

bool sedge_open(const struct sedge_device *device, uint8_t *record, uint8_t length)
{
    struct sedge_aead aead;
    uint8_t differs = 0;
    const uint8_t *tag = record + length - SEDGE_TAG_SIZE;
    aead.ad = record;
    aead.text_length = (uint8_t)(length - SEDGE_RECORD_HEAD - SEDGE_TAG_SIZE);
    aead.opening = true;
    run_record(device, &aead, SEDGE_OF_HOST);
    for (uint8_t i = 0; i < SEDGE_TAG_SIZE; i++) {
        differs |= (uint8_t)(tag[i] ^ aead.state[SEDGE_ASCON_TAG + i]);
    }
    return !differs;
}

void sedge_tag_hello_ack(const struct sedge_device *device, uint8_t *bytes, uint8_t length)
{
    struct sedge_aead aead;
    aead.ad = bytes;
    aead.ad_length = length;
    aead.text_length = 0;
    run(device, &aead, SEDGE_OF_HELLO_ACK);
    memcpy(bytes + length, &aead.state[SEDGE_ASCON_TAG], SEDGE_TAG_SIZE);
}

void sedge_tag_provisioned(const struct sedge_device *device, uint8_t *bytes)
{
    struct sedge_aead aead;
    uint8_t key[SEDGE_KEY_SIZE];
    uint8_t ad[SEDGE_ID_SIZE + 4];
    uint8_t *nonce = &aead.state[SEDGE_ASCON_NONCE];
    sedge_nv_get(device, SEDGE_NV_KEY, key, sizeof key);
    sedge_nv_get(device, SEDGE_NV_ID, ad, SEDGE_ID_SIZE);
    sedge_nv_get(device, SEDGE_NV_FLOOR, ad + SEDGE_ID_SIZE, 4);
    memset(nonce, 0, 16);
    memcpy(nonce + NONCE_EPOCH, ad + SEDGE_ID_SIZE, 4);
    nonce[NONCE_DIRECTION] = SEDGE_OF_PROVISIONED;
    aead.key = key;
    aead.ad = ad;
    aead.ad_length = sizeof ad;
    aead.text_length = 0;
    sedge_ascon(&aead);
    memcpy(bytes, ad, SEDGE_ID_SIZE);
    memcpy(bytes + SEDGE_ID_SIZE, &aead.state[SEDGE_ASCON_TAG], SEDGE_TAG_SIZE);
}
