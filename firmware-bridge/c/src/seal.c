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
    static const uint8_t label[22] = {'s', 'e', 'd', 'g', 'e', '-', 's', 'e', 'r', 'i', 'a',
                                    'l', '/', '1', ' ', 's', 'e', 's', 's', 'i', 'o', 'n' };
    struct sedge_aead aead;
    struct sedge_key_slot slot;
    uint8_t ad[sizeof label + SEDGE_ID_SIZE];
    sedge_copy(ad, label, sizeof label);
    sedge_copy(ad + sizeof label, device->greeting + SEDGE_AT_ID, SEDGE_ID_SIZE);
    sedge_copy(nonce_of(&aead), device->greeting + SEDGE_AT_NONCE, 8);
    sedge_copy(nonce_of(&aead) + 8, device->greeting + SEDGE_AT_EPOCH, 8); /* and the session behind it */
    aead.ad = ad;
    aead.ad_length = sizeof ad;
    aead.text_length = 0;
    aead.opening = false;
    aead.key = slot.key;
    (void)sedge_nv_key(device, &slot);
    sedge_ascon(&aead);
    sedge_copy(device->session_key, &aead.state[SEDGE_ASCON_TAG], sizeof device->session_key);
}

/* The nonce is counter, epoch and direction. A record's counter is in its head; what is no record is associated data as a
 * whole. */
static void run(struct sedge_aead *aead, uint8_t length, const uint8_t *epoch, uint8_t direction)
{
    uint8_t *nonce = nonce_of(aead);
    sedge_wipe(nonce, 16);
    aead->ad_length = length;
    if (direction <= SEDGE_OF_DEVICE) {
        sedge_copy(nonce, aead->ad + 2, 4);
        aead->ad_length = SEDGE_RECORD_HEAD;
    }
    aead->text_length = (uint8_t)(length - aead->ad_length);
    sedge_copy(nonce + NONCE_EPOCH, epoch, 4);
    nonce[NONCE_DIRECTION] = direction;
    sedge_ascon(aead);
}

void sedge_put_provisioned(const struct sedge_device *device, uint8_t *payload)
{
    struct sedge_aead aead;
    struct sedge_key_slot slot;
    (void)sedge_nv_key(device, &slot);
    sedge_copy(payload, slot.id, SEDGE_ID_SIZE);
    sedge_copy(payload + SEDGE_ID_SIZE, slot.floor, 4);
    aead.ad = payload;
    aead.opening = false;
    aead.key = slot.key;
    run(&aead, SEDGE_ID_SIZE + 4, slot.floor, SEDGE_OF_PROVISIONED);
    sedge_copy(payload + SEDGE_ID_SIZE, &aead.state[SEDGE_ASCON_TAG], SEDGE_TAG_SIZE);
}

SEDGE_APART static void run_session(const struct sedge_device *device, struct sedge_aead *aead, uint8_t length, uint8_t direction)
{
    aead->key = device->session_key;
    run(aead, length, device->greeting + SEDGE_AT_EPOCH, direction);
}

uint8_t sedge_seal(const struct sedge_device *device, enum sedge_direction direction, uint8_t *bytes, uint8_t length)
{
    struct sedge_aead aead;
    aead.ad = bytes;
    aead.opening = false;
    run_session(device, &aead, length, (uint8_t)direction);
    sedge_copy(bytes + length, &aead.state[SEDGE_ASCON_TAG], SEDGE_TAG_SIZE);
    return (uint8_t)(length + SEDGE_TAG_SIZE);
}

bool sedge_open(const struct sedge_device *device, uint8_t *record, uint8_t length)
{
    struct sedge_aead aead;
    uint8_t differs = 0;
    aead.ad = record;
    aead.opening = true;
    run_session(device, &aead, length, SEDGE_OF_HOST);
    for (uint8_t i = 0; i < SEDGE_TAG_SIZE; i++) {
        differs |= (uint8_t)(record[length + i] ^ aead.state[SEDGE_ASCON_TAG + i]);
    }
    return !differs;
}
