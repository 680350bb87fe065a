import { cborUint, concatBytes, encodeCbor, fromHex } from '../bytes/index.ts';
import { verifySignature } from '../cose/index.ts';
import type { Message } from './entry.ts';
import { isOrigin } from './origin.ts';

/** First item of what a device signs: a signature of something else is none of a reading. */
const LABEL = 'sedge-device/1';
/** A device's clock has 32 bits; `uptimeMs` has its wraps counted. */
const CLOCK_WRAP_MS = 2 ** 32;
/** First byte of an array of seven items. */
const ARRAY_OF_7 = 0x87;

/**
 * True if a device signed a message with the private key of this Ed25519 public key (32 bytes): CBOR
 * `["sedge-device/1", device, epoch, counter, t, topic, value]` (firmware-bridge/README.md), checked by the one rule that
 * entries are checked by. False for a message without `origin` or signature, for a wrong key, and where the
 * topic that the device signed (`origin.topic`, else the message's) is not the message's or its end behind a `/`.
 * Never throws.
 *
 * It proves that the holder of this key signed `origin.value` under `origin.device`, `epoch`, `counter`, `uptimeMs`
 * (modulo 2^32) and that topic. What it does not prove: that `payload` says the same as `value`, and `timeMs` and
 * `uncertaintyMs`, which are the bridge's words. So decode `value` (one CBOR item) and go by it; trust the key that you
 * know the device by, never a field of the message; and drop what repeats a (device, epoch, counter).
 */
export function verifyOrigin(
  message: Pick<Message, 'topic' | 'origin'>,
  devicePublicKey: Uint8Array,
): boolean {
  const { origin, topic } = message;
  if (!isOrigin(origin) || origin.signature === undefined || origin.value === undefined) return false;
  const signedTopic = origin.topic ?? topic;
  if (topic !== signedTopic && !topic.endsWith(`/${signedTopic}`)) return false;
  const head = encodeCbor([
    LABEL,
    fromHex(origin.device),
    cborUint(origin.epoch),
    cborUint(origin.counter),
    cborUint(origin.uptimeMs % CLOCK_WRAP_MS),
    signedTopic,
  ]);
  // The value is put behind as it came: encoded anew it might be other bytes.
  head[0] = ARRAY_OF_7;
  return verifySignature(devicePublicKey, concatBytes([head, origin.value]), origin.signature);
}
