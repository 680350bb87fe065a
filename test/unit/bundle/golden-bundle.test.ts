import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { openSeal } from '../../../src/bundle/bundle-seal.ts';
import { toHex } from '../../../src/bytes/index.ts';
import { decodeEntry, verifyEntry } from '../../../src/entry/index.ts';
import { Realm } from '../../../src/realm/index.ts';
import { anchor, exporter, TIME_MS, vectorBundle } from '../../vectors/make-bundle-vectors.ts';
import { partsOf, recordsOf } from './bundle-world.ts';

const HEX = readFileSync(new URL('../../vectors/bundle/bundle.hex', import.meta.url), 'latin1').replaceAll(
  '\n',
  '',
);

describe('the format of a bundle', () => {
  it('is byte for byte that of the vector', async () => {
    expect(toHex(await vectorBundle())).toBe(HEX);
  });

  it('can be read from the vector alone', async () => {
    const bundle = Buffer.from(HEX, 'hex');
    expect(recordsOf(bundle).map(({ kind }) => kind)).toEqual([0, 1, 2, 3, 2, 3, 3, 4]);
    const items = (await partsOf(bundle, 50)).map((part) => (part.kind === 'item' ? part.item : null));
    expect(items[0]).toMatchObject({
      version: 1,
      realm: anchor.id,
      node: exporter.nodeId,
      exportedAtMs: TIME_MS + 5_000,
      storeId: '8899aabbccddeeff',
      messages: 3,
      channels: [
        { channel: '$realm', since: null, through: { position: 1 } },
        { channel: 'main', since: null, through: { position: 2 } },
      ],
    });
    expect(items[4]).toMatchObject({ channel: 'main', heads: [{ last: 3, holes: [{ first: 2, last: 2 }] }] });
    const entries = items.flatMap((item) => (item?.kind === 'entry' ? [item] : []));
    expect(entries.map(({ ageMs }) => ageMs)).toEqual([5_250, 5_250, 5_250]);
    const aad = new Realm(anchor).entryAad();
    for (const { bytes } of entries) {
      expect(decodeEntry(bytes).ok).toBe(true);
      expect(verifyEntry(bytes, aad).ok).toBe(true);
    }
    const trailer = items.at(-1);
    const seal = trailer?.kind === 'trailer' ? openSeal(trailer.signed, anchor.id) : null;
    expect(seal).toMatchObject({ signer: exporter.nodeId, totals: { records: 7, entries: 3, messages: 3 } });
  });
});
