import type { EntryDraft, EntryId, EpochId, Message, Origin } from '../../../src/entry/index.ts';
import { Identity } from '../../../src/identity/index.ts';

export const AUTHOR = Identity.fromSeed(new Uint8Array(32).fill(11));
export const AAD = Buffer.from('82677365646765', 'hex');
export const EPOCH = '0011223344556677' as EpochId;
export const PREV = '00112233445566778899aabbccddeeff' as EntryId;
export const TIME_MS = 1_790_000_000_000;

/** A message with nothing special to it. */
export function sampleMessage(fields: Partial<Message> = {}): Message {
  return { topic: 'site/temp', payload: Buffer.from('21.5'), timeMs: TIME_MS, ...fields };
}

/** A first entry with one message. */
export function sampleDraft(fields: Partial<EntryDraft> = {}): EntryDraft {
  return {
    channel: 'main',
    epoch: EPOCH,
    seq: 1,
    skip: 0,
    prev: null,
    lamport: 1,
    timeMs: TIME_MS,
    ttlSeconds: 0,
    messages: [sampleMessage()],
    ...fields,
  };
}

/** An origin with nothing special to it. */
export function sampleOrigin(fields: Partial<Origin> = {}): Origin {
  return {
    device: '5e09e00000000001',
    epoch: 7,
    counter: 1_042,
    uptimeMs: 90_000,
    timeMs: TIME_MS - 350,
    uncertaintyMs: 12,
    ...fields,
  };
}
