import { describe, expect, it } from 'vitest';
import { encodeCbor, toHex } from '../../../src/bytes/index.ts';
import { decodeEntry, type Message, sealEntry } from '../../../src/entry/index.ts';
import { AAD, AUTHOR, sampleDraft, sampleMessage } from './sample-drafts.ts';

function readBack(message: Message): Message {
  const entry = decodeEntry(sealEntry(sampleDraft({ messages: [message] }), AUTHOR, AAD).bytes);
  if (!entry.ok) throw new Error(entry.code);
  return entry.value.messages![0]!;
}

/** A message whose key 6 holds this, whatever it is. */
function withKey6(item: unknown): Message {
  return readBack(sampleMessage({ extra: new Map([[6, item]]) }));
}

const map = (...items: readonly (readonly [unknown, unknown])[]) => new Map(items);

describe('key 6 of a message', () => {
  it('is read as a client', () => {
    expect(withKey6(map([1, 'zigbee'], [2, 'home'], [3, 1]))).toEqual({
      ...sampleMessage(),
      payload: expect.anything(),
      client: { id: 'zigbee', user: 'home', qos: 1 },
    });
    expect(withKey6(map([1, 'z'])).client).toEqual({ id: 'z' });
  });

  it('keeps what this version does not know of a client', () => {
    const message = withKey6(map([1, 'z'], [4, ['later', 2 ** 40]]));
    expect([...message.client!.extra!]).toEqual([[4, ['later', 2 ** 40]]]);
    expect(readBack(message)).toEqual(message);
  });

  it.each<[string, unknown]>([
    ['a text', 'client'],
    ['an empty map', map()],
    ['a map with names', map(['id', 'z'])],
    ['no id', map([2, 'home'])],
    ['an empty id', map([1, ''])],
    ['an id in bytes', map([1, Buffer.from('z')])],
    ['an id of 1,025 bytes', map([1, 'x'.repeat(1_025)])],
    ['an empty user', map([1, 'z'], [2, ''])],
    ['a user of null', map([1, 'z'], [2, null])],
    ['a quality of service of 3', map([1, 'z'], [3, 3])],
    ['a quality of service as text', map([1, 'z'], [3, '1'])],
  ])('that is no client (%s) stays as it came, and so does its entry', (_what, item) => {
    const message = withKey6(item);
    expect(message.client).toBeUndefined();
    expect(toHex(encodeCbor(message.extra!.get(6)))).toBe(toHex(encodeCbor(item)));
    expect(readBack(message)).toEqual(message);
  });
});
