/* Every use of a key is here, and each has a nonce of its own; README.md of firmware-bridge says why none comes twice. */
#include "device.h"

#define NONCE_EPOCH 4
#define NONCE_DIRECTION 8

static uint8_t *nonce_of(struct sedge_aead *aead)
{
    return &aead->state[SEDGE_ASCON_NONCE];
}

/* Under the device's key, over associated data alone. The nonce is in place. */
static void run_device_key(const struct sedge_device *device, struct sedge_aead *aead)
{
    struct sedge_key_slot slot;
    (void)sedge_nv_key(device, &slot);
    aead->key = slot.key;
    aead->text_length = 0;
    sedge_ascon(aead);
}

void sedge_session_key(struct sedge_device *device)
{
    static const char label[22] = { 's', 'e', 'd', 'g', 'e', '-', 's', 'e', 'r', 'i', 'a',
                                    'l', '/', '1', ' ', 's', 'e', 's', 's', 'i', 'o', 'n' };
    struct sedge_aead aead;
    uint8_t ad[sizeof label + SEDGE_ID_SIZE];
    memcpy(ad, label, sizeof label);
    memcpy(ad + sizeof label, device->greeting + SEDGE_AT_ID, SEDGE_ID_SIZE);
    memcpy(nonce_of(&aead), device->greeting + SEDGE_AT_NONCE, 8);
    memcpy(nonce_of(&aead) + 8, device->greeting + SEDGE_AT_EPOCH, 8); /* and the session behind it */
    aead.ad = ad;
    aead.ad_length = sizeof ad;
    run_device_key(device, &aead);
    memcpy(device->session_key, &aead.state[SEDGE_ASCON_TAG], sizeof device->session_key);
}

void sedge_put_provisioned(const struct sedge_device *device, uint8_t *payload)
{
    struct sedge_aead aead;
    struct sedge_key_slot slot;
    uint8_t *nonce = nonce_of(&aead);
    (void)sedge_nv_key(device, &slot);
    memcpy(payload, slot.id, SEDGE_ID_SIZE);
    memcpy(payload + SEDGE_ID_SIZE, slot.floor, 4);
    memset(nonce, 0, 16);
    memcpy(nonce + NONCE_EPOCH, slot.floor, 4);
    nonce[NONCE_DIRECTION] = SEDGE_OF_PROVISIONED;
    aead.ad = payload;
    aead.ad_length = SEDGE_ID_SIZE + 4;
    run_device_key(device, &aead);
    memcpy(payload + SEDGE_ID_SIZE, &aead.state[SEDGE_ASCON_TAG], SEDGE_TAG_SIZE);
}

/* Under the session's key. */
static void run(const struct sedge_device *device, struct sedge_aead *aead, uint8_t direction)
{
    uint8_t *nonce = nonce_of(aead);
    memset(nonce, 0, 16);
    if (direction <= SEDGE_OF_DEVICE) {
        memcpy(nonce, aead->ad + 2, 4); /* the record's counter */
    }
    memcpy(nonce + NONCE_EPOCH, device->greeting + SEDGE_AT_EPOCH, 4);
    nonce[NONCE_DIRECTION] = direction;
    aead->key = device->session_key;
    sedge_ascon(aead);
}

static void run_record(const struct sedge_device *device, struct sedge_aead *aead, uint8_t direction)
{
    aead->ad_length = SEDGE_RECORD_HEAD;
    aead->text_length = (uint8_t)(aead->text_length - SEDGE_RECORD_HEAD);
    run(device, aead, direction);
}

uint8_t sedge_seal(const struct sedge_device *device, enum sedge_direction direction, uint8_t *record, uint8_t length)
{
    struct sedge_aead aead;
    aead.ad = record;
    aead.text_length = length;
    aead.opening = false;
    run_record(device, &aead, (uint8_t)direction);
    memcpy(record + length, &aead.state[SEDGE_ASCON_TAG], SEDGE_TAG_SIZE);
    return (uint8_t)(length + SEDGE_TAG_SIZE);
}

bool sedge_open(const struct sedge_device *device, uint8_t *record, uint8_t length)
{
    struct sedge_aead aead;
    uint8_t differs = 0;
    aead.ad = record;
    aead.text_length = length;
    aead.opening = true;
    run_record(device, &aead, SEDGE_OF_HOST);
    for (uint8_t i = 0; i < SEDGE_TAG_SIZE; i++) {
        differs |= (uint8_t)(record[length + i] ^ aead.state[SEDGE_ASCON_TAG + i]);
    }
    return !differs;
}

void sedge_tag_hello_ack(const struct sedge_device *device, uint8_t *tag)
{
    struct sedge_aead aead;
    aead.ad = (uint8_t *)(uintptr_t)device->greeting;
    aead.ad_length = SEDGE_GREETING_SIZE;
    aead.text_length = 0;
    run(device, &aead, SEDGE_OF_HELLO_ACK);
    memcpy(tag, &aead.state[SEDGE_ASCON_TAG], SEDGE_TAG_SIZE);
}
