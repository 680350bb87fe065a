import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { fromHex, toHex } from '../../../src/bytes/index.ts';
import { decodeEntry, type Origin, sealEntry, verifyEntry, verifyOrigin } from '../../../src/entry/index.ts';
import { Identity, nodeIdOf } from '../../../src/identity/index.ts';
import { type EntryVectors, entryVectorsText, messageOf } from '../../vectors/make-entry-vectors.ts';

const text = readFileSync(new URL('../../vectors/entry/entries.json', import.meta.url), 'utf8');
const vectors = JSON.parse(text) as EntryVectors;
const aad = fromHex(vectors.externalAad)!;
const author = Identity.fromSeed(fromHex(vectors.seed)!);

function plainOrigin({ signature, value, ...rest }: Origin): unknown {
  if (signature === undefined || value === undefined) return rest;
  return { ...rest, signature: toHex(signature), value: toHex(value) };
}

describe('the golden entries', () => {
  it('are what their script makes', () => {
    expect(entryVectorsText()).toBe(text);
  });

  it.each(vectors.cases)('$name: decodes to its fields and verifies', (vector) => {
    const bytes = fromHex(vector.entry)!;
    const entry = decodeEntry(bytes);
    if (!entry.ok) throw new Error(entry.code);
    const { messages, ...header } = entry.value;
    expect(header).toEqual({
      ...vector.fields,
      author: nodeIdOf(fromHex(vectors.author)!),
      id: vector.id,
      bytes,
    });
    const plain = messages?.map((message) => ({
      ...message,
      payload: toHex(message.payload),
      ...(message.headers === undefined ? {} : { headers: { ...message.headers } }),
      ...(message.origin === undefined ? {} : { origin: plainOrigin(message.origin) }),
      ...(message.extra === undefined ? {} : { extra: [...message.extra] }),
    }));
    expect(plain ?? null).toEqual(vector.messages);
    expect(verifyEntry(bytes, aad)).toEqual({ ok: true, value: true });
  });

  it('hold a reading whose device vouches for it, and one for which it does not', () => {
    const key = fromHex(vectors.devicePublicKey)!;
    const verdicts = vectors.cases.flatMap(({ messages }) =>
      (messages ?? [])
        .filter(({ origin }) => origin !== undefined)
        .map((one) => verifyOrigin(messageOf(one), key)),
    );
    expect(verdicts).toEqual([false, true]);
  });

  it.each(vectors.cases.filter(({ writable }) => writable))('$name: is written again as it is', (vector) => {
    const { version, count, ...header } = vector.fields;
    const sealed = sealEntry({ ...header, messages: vector.messages!.map(messageOf) }, author, aad);
    expect(toHex(sealed.bytes)).toBe(vector.entry);
    expect({ id: sealed.id, version: sealed.version, count: sealed.count }).toEqual({
      id: vector.id,
      version,
      count,
    });
  });
});
