import { createHash } from 'node:crypto';

/** Names what a client published, to tell a packet that is sent again from another one with its packet id. */
export function publishDigest(message: {
  readonly topic: string;
  readonly payload: Uint8Array | string;
  readonly retain?: boolean;
}): string {
  const { topic, payload, retain = false } = message;
  return createHash('sha256')
    .update(`${retain ? 1 : 0} ${Buffer.byteLength(topic)} ${topic}`)
    .update(payload)
    .digest('base64');
}
