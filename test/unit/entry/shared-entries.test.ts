import { afterEach, describe, expect, it } from 'vitest';
import { decodeEntry, type EpochId, sealEntry, shareEntries } from '../../../src/entry/index.ts';
import { Identity } from '../../../src/identity/index.ts';

const AAD = Buffer.from('realm');
const KEY = Identity.generate();

function entryBytes(text: string): Uint8Array {
  const messages = [{ topic: 'site/x', payload: Buffer.from(text), timeMs: 1 }];
  const numbers = { seq: 1, skip: 0, prev: null, lamport: 1, timeMs: 1, ttlSeconds: 0 };
  return sealEntry({ channel: 'main', epoch: '00'.repeat(8) as EpochId, ...numbers, messages }, KEY, AAD)
    .bytes;
}

function decoded(bytes: Uint8Array): object {
  const result = decodeEntry(bytes.slice());
  if (!result.ok) throw new Error(result.code);
  return result.value;
}

describe('shared entries', () => {
  let end = () => {};
  afterEach(() => end());

  it('are one object for the same bytes, and end when that is over', () => {
    const bytes = entryBytes('1');
    expect(decoded(bytes)).not.toBe(decoded(bytes));
    end = shareEntries();
    expect(decoded(bytes)).toBe(decoded(bytes));
    expect(decoded(entryBytes('2'))).not.toBe(decoded(bytes));
    end();
    expect(decoded(bytes)).not.toBe(decoded(bytes));
  });

  it('are refused as ever where the bytes are bad', () => {
    end = shareEntries();
    const bytes = entryBytes('1');
    decoded(bytes);
    expect(decodeEntry(bytes.subarray(1))).toMatchObject({ ok: false, code: 'entry.malformed' });
  });

  it('are forgotten at the limit, the oldest first', () => {
    end = shareEntries(2);
    const [a, b, c] = ['a', 'b', 'c'].map(entryBytes);
    const first = decoded(a!);
    const second = decoded(b!);
    decoded(c!);
    expect(decoded(b!)).toBe(second);
    expect(decoded(a!)).not.toBe(first);
  });
});
