/* Every use of a key is here, and each has a nonce of its own; README.md of firmware-bridge says why none comes twice. */
#include "device.h"

#define NONCE_EPOCH 4
#define NONCE_DIRECTION 8

static uint8_t *nonce_of(struct sedge_aead *aead)
{
    return &aead->state[SEDGE_ASCON_NONCE];
}

void sedge_session_key(struct sedge_device *device)
{
    static const char label[22] = { 's', 'e', 'd', 'g', 'e', '-', 's', 'e', 'r', 'i', 'a',
                                    'l', '/', '1', ' ', 's', 'e', 's', 's', 'i', 'o', 'n' };
    struct sedge_aead aead;
    struct sedge_key_slot slot;
    uint8_t ad[sizeof label + SEDGE_ID_SIZE];
    memcpy(ad, label, sizeof label);
    memcpy(ad + sizeof label, device->greeting + SEDGE_AT_ID, SEDGE_ID_SIZE);
    memcpy(nonce_of(&aead), device->greeting + SEDGE_AT_NONCE, 8);
    memcpy(nonce_of(&aead) + 8, device->greeting + SEDGE_AT_EPOCH, 8); /* and the session behind it */
    aead.ad = ad;
    aead.ad_length = sizeof ad;
    aead.text_length = 0;
    aead.key = slot.key;
    (void)sedge_nv_key(device, &slot);
    sedge_ascon(&aead);
    memcpy(device->session_key, &aead.state[SEDGE_ASCON_TAG], sizeof device->session_key);
}

/* The nonce is counter, epoch and direction; a record's counter is in its head. */
static void run(struct sedge_aead *aead, const uint8_t *key, const uint8_t *epoch, uint8_t direction)
{
    uint8_t *nonce = nonce_of(aead);
    memset(nonce, 0, 16);
    if (direction <= SEDGE_OF_DEVICE) {
        memcpy(nonce, aead->ad + 2, 4);
    }
    memcpy(nonce + NONCE_EPOCH, epoch, 4);
    nonce[NONCE_DIRECTION] = direction;
    aead->key = key;
    sedge_ascon(aead);
}

static void run_session(const struct sedge_device *device, struct sedge_aead *aead, uint8_t direction)
{
    run(aead, device->session_key, device->greeting + SEDGE_AT_EPOCH, direction);
}

void sedge_put_provisioned(const struct sedge_device *device, uint8_t *payload)
{
    struct sedge_aead aead;
    struct sedge_key_slot slot;
    (void)sedge_nv_key(device, &slot);
    memcpy(payload, slot.id, SEDGE_ID_SIZE);
    memcpy(payload + SEDGE_ID_SIZE, slot.floor, 4);
    aead.ad = payload;
    aead.ad_length = SEDGE_ID_SIZE + 4;
    aead.text_length = 0;
    run(&aead, slot.key, slot.floor, SEDGE_OF_PROVISIONED);
    memcpy(payload + SEDGE_ID_SIZE, &aead.state[SEDGE_ASCON_TAG], SEDGE_TAG_SIZE);
}

static void run_record(const struct sedge_device *device, struct sedge_aead *aead, uint8_t direction)
{
    aead->ad_length = SEDGE_RECORD_HEAD;
    aead->text_length = (uint8_t)(aead->text_length - SEDGE_RECORD_HEAD);
    run_session(device, aead, direction);
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
    run_session(device, &aead, SEDGE_OF_HELLO_ACK);
    memcpy(tag, &aead.state[SEDGE_ASCON_TAG], SEDGE_TAG_SIZE);
}
