import { Buffer } from 'node:buffer';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { encodeItem } from '../../../src/bundle/bundle-items.ts';
import { encodeRecord, RECORD_HEAD_BYTES, RECORD_MARK } from '../../../src/bundle/bundle-record.ts';
import { openSeal, sealTotals } from '../../../src/bundle/bundle-seal.ts';
import { cborUint, decodeCbor, encodeCbor } from '../../../src/bytes/index.ts';
import { numbers, texts } from '../mesh/deliveries.ts';
import { MeshWorld, type WorldNode } from '../mesh/mesh-world.ts';
import { bundleOf, inChunks, partsOf, recordsOf, rewritten } from './bundle-world.ts';

const HEADER = 0;
const ENTRY = 3;
const TRAILER = 4;

/** Numbers that follow from a seed (mulberry32). */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

describe('a bundle that was tampered with', () => {
  let world: MeshWorld;
  let author: WorldNode;
  let bundle: Buffer;
  let name = 0;

  beforeAll(async () => {
    world = new MeshWorld();
    author = await world.node('author');
    // Each its own entry, so that a lost record is a lost message.
    for (const payload of numbers(1, 12)) await author.mesh.publish('t', payload);
    bundle = await bundleOf(author.mesh);
  });

  afterAll(() => world.stop());

  const fresh = () => world.node(`fresh-${name++}`);

  it('is truncated at any byte: what is whole is imported, and importing the rest goes on', async () => {
    const node = await fresh();
    const step = Math.max(1, Math.floor(bundle.length / 150));
    for (let length = RECORD_HEAD_BYTES; length < bundle.length; length += step) {
      const parts = await partsOf(bundle.subarray(0, length), 37);
      const whole = recordsOf(bundle).filter(({ at, size }) => at + size <= length);
      expect(parts.filter(({ kind }) => kind === 'item')).toHaveLength(whole.length);
      expect(parts.filter(({ kind }) => kind === 'damaged')).toEqual([]);
    }
    const half = await node.mesh.importBundle([bundle.subarray(0, Math.floor(bundle.length * 0.7))]);
    expect(half.state).toBe('truncated');
    expect(half.stored).toBeGreaterThan(0);
    const rest = await node.mesh.importBundle([bundle]);
    expect(rest).toMatchObject({ state: 'whole', known: half.stored });
    expect(await texts(node.mesh.subscribe('t', { from: 'all' }), 12)).toEqual(numbers(1, 12));
  });

  it('loses only the record that a flipped byte hits, wherever that is', async () => {
    const records = recordsOf(bundle);
    const step = Math.max(1, Math.floor(bundle.length / 400));
    for (let at = 0; at < bundle.length; at += step) {
      const flipped = Buffer.from(bundle);
      flipped[at] = flipped[at]! ^ 0x40;
      const parts = await partsOf(flipped, 512);
      const sound = parts.filter(({ kind }) => kind === 'item').length;
      const noticed = parts.filter(({ kind }) => kind === 'damaged' || kind === 'cut').length;
      // In the signature of the last record a CRC finds it too.
      expect([at, sound, noticed]).toEqual([at, records.length - 1, 1]);
    }
  });

  it('is imported but for what was flipped, and said to be altered', async () => {
    const entry = recordsOf(bundle).findLast(({ kind }) => kind === ENTRY)!;
    const flipped = Buffer.from(bundle);
    flipped[entry.at + RECORD_HEAD_BYTES + 40]! ^= 1;
    const node = await fresh();
    const summary = await node.mesh.importBundle([flipped]);
    expect(summary).toMatchObject({ state: 'altered', damaged: 1, refused: 0, stillMissing: 1 });
    expect(await texts(node.mesh.subscribe('t', { from: 'all' }), 11)).toEqual(numbers(1, 11));
  });

  it('is no use to somebody who writes new checksums over changed payloads', async () => {
    let entries = 0;
    const forged = rewritten(bundle, ({ kind, body }) => {
      if (kind !== ENTRY || ++entries < 8) return body;
      const [age, bytes] = decoded(body) as [number, Uint8Array];
      const changed = Buffer.from(bytes);
      changed[changed.length - 80]! ^= 1;
      return Buffer.from(encodeCbor([age, changed]));
    });
    const node = await fresh();
    const summary = await node.mesh.importBundle([forged]);
    expect(summary.state).toBe('altered');
    expect(summary.refused).toBeGreaterThan(0);
    expect(summary.stored + summary.refused).toBe(summary.entries);
  });

  it.each([
    ['left out', (body: Buffer, n: number) => (n === 9 ? null : body)],
    ['doubled', (body: Buffer, n: number) => (n === 9 ? [body, body] : body)],
  ])('is said to be altered where an entry was %s', async (_, change) => {
    let entries = 0;
    const changed = rewritten(bundle, ({ kind, body }) => (kind === ENTRY ? change(body, ++entries) : body));
    const node = await fresh();
    expect((await node.mesh.importBundle([changed])).state).toBe('altered');
  });

  it('is not whole with a trailer that lies, or that somebody else signed', async () => {
    const stranger = await fresh();
    const lie = (signedBy: WorldNode, entries: number) =>
      rewritten(bundle, ({ kind, body }) => {
        if (kind !== TRAILER) return body;
        const { totals } = openSeal(body, world.anchor.id)!;
        return Buffer.from(sealTotals({ ...totals, entries }, signedBy.place.identity, world.anchor.id));
      });
    const { entries } = openSeal(recordsOf(bundle).at(-1)!.body, world.anchor.id)!.totals;
    for (const altered of [lie(author, 2 ** 40), lie(stranger, entries)]) {
      const node = await fresh();
      expect(await node.mesh.importBundle([altered])).toMatchObject({ state: 'altered', refused: 0 });
    }
    const node = await fresh();
    expect((await node.mesh.importBundle([lie(author, entries)])).state).toBe('whole');
  });

  it('is not whole with something behind its end', async () => {
    const node = await fresh();
    const longer = Buffer.concat([
      bundle,
      encodeRecord(ENTRY, recordsOf(bundle).find((r) => r.kind === 3)!.body),
    ]);
    expect((await node.mesh.importBundle([longer])).state).toBe('altered');
    expect((await node.mesh.importBundle([bundle, Buffer.from('and more')])).state).toBe('altered');
  });

  it('does not make a node believe heads that no entries prove', async () => {
    const heads = rewritten(bundle, ({ kind, body }) => {
      if (kind !== 2) return body;
      const [channel, rows] = decoded(body) as [string, unknown[][]];
      return Buffer.from(
        encodeCbor([channel, rows.map(([a, e, , id]) => [a, e, cborUint(2 ** 47), id, []])]),
      );
    });
    const node = await fresh();
    const summary = await node.mesh.importBundle([heads]);
    expect(summary.state).toBe('altered');
    expect(node.mesh.gaps()).toEqual([]);
  });

  it('of another realm is refused before anything is taken, and so is one of a newer version', async () => {
    const other = new MeshWorld();
    try {
      const elsewhere = await other.node('elsewhere');
      await expect(elsewhere.mesh.importBundle([bundle])).rejects.toMatchObject({
        code: 'bundle.other-realm',
      });
      expect(elsewhere.mesh.status().received).toBe(0);
    } finally {
      await other.stop();
    }
    const newer = rewritten(bundle, ({ kind, body }) =>
      kind === HEADER ? Buffer.from(encodeCbor([2, 'all', 'else', 'changed'])) : body,
    );
    const node = await fresh();
    await expect(node.mesh.importBundle([newer])).rejects.toMatchObject({ code: 'bundle.version' });
    expect(node.mesh.status().received).toBe(0);
  });

  it('of another realm with a new header proves nothing', async () => {
    const other = new MeshWorld();
    try {
      const elsewhere = await other.node('elsewhere');
      const own = recordsOf(await bundleOf(elsewhere.mesh)).find(({ kind }) => kind === HEADER)!.body;
      const dressed = rewritten(bundle, ({ kind, body }) => (kind === HEADER ? own : body));
      const summary = await elsewhere.mesh.importBundle([dressed]);
      expect(summary).toMatchObject({ state: 'altered', stored: 0 });
    } finally {
      await other.stop();
    }
  });

  it('with a header that would paint on a terminal has no header', async () => {
    const named = (name: string) =>
      rewritten(bundle, ({ kind, body }) => {
        if (kind !== HEADER) return body;
        const items = decoded(body) as unknown[];
        return Buffer.from(encodeCbor(items.map((item) => asUint(item === 'author' ? name : item))));
      });
    const node = await fresh();
    expect(await node.mesh.importBundle([named('author')])).toMatchObject({ state: 'whole' });
    const painted = await node.mesh.importBundle([named('\u001b[2J')]);
    expect(painted).toMatchObject({ state: 'altered', from: null });
  });

  it('that lost its header is imported all the same', async () => {
    const node = await fresh();
    const flipped = Buffer.from(bundle);
    flipped[1]! ^= 1;
    const summary = await node.mesh.importBundle([flipped]);
    expect(summary).toMatchObject({ state: 'altered', damaged: 1, from: null, refused: 0 });
    expect(summary.stored).toBeGreaterThanOrEqual(12);
  });

  it('is no bundle at all: random bytes, a text, nothing', async () => {
    const node = await fresh();
    const next = random(7);
    const noise = Buffer.from(Array.from({ length: 300_000 }, () => Math.floor(next() * 256)));
    for (const source of [noise, Buffer.from('time,value\n1,21.5\n'), Buffer.alloc(0)]) {
      await expect(node.mesh.importBundle(inChunks(source, 65_536))).rejects.toMatchObject({
        code: 'bundle.not-a-bundle',
      });
    }
  });

  it('stops early at a long file that is something else', async () => {
    const node = await fresh();
    let taken = 0;
    const endless = function* () {
      for (;;) yield Buffer.alloc(65_536, ++taken & 0xff);
    };
    await expect(node.mesh.importBundle(endless())).rejects.toMatchObject({ code: 'bundle.not-a-bundle' });
    expect(taken).toBeLessThan(500);
  });

  it('costs little time where every four bytes promise the longest record', async () => {
    const head = encodeRecord(ENTRY, Buffer.alloc(0));
    const marks = Buffer.concat(Array.from({ length: 200_000 }, () => RECORD_MARK));
    const promises = Buffer.concat(Array.from({ length: 50_000 }, () => head.subarray(0, 14)));
    const startedAt = performance.now();
    expect((await partsOf(marks, 65_536)).every(({ kind }) => kind !== 'item')).toBe(true);
    expect((await partsOf(promises, 65_536)).every(({ kind }) => kind !== 'item')).toBe(true);
    expect(performance.now() - startedAt).toBeLessThan(5_000);
  });

  it('with a length beyond the limit is searched on, not read into memory', async () => {
    const huge = encodeRecord(ENTRY, Buffer.alloc(2_000_000));
    const entry = recordsOf(bundle).find(({ kind }) => kind === ENTRY)!;
    const parts = await partsOf(
      Buffer.concat([huge, bundle.subarray(entry.at, entry.at + entry.size)]),
      65_536,
    );
    expect(parts.map(({ kind }) => kind)).toEqual(['damaged', 'item']);
  });

  it('with records of kinds that are not known yet is read past them', async () => {
    const kinds = await partsOf(Buffer.concat([encodeRecord(77, Buffer.from('later')), bundle]));
    expect(kinds[0]).toMatchObject({ kind: 'item', item: { kind: 'unknown' } });
    expect(kinds.slice(1).every(({ kind }) => kind === 'item')).toBe(true);
  });

  it('is any damage at all: the reader never throws, and what it gives was written', async () => {
    const seed = Date.now() % 2 ** 31;
    const next = random(seed);
    const bodies = new Set(recordsOf(bundle).map(({ kind, body }) => `${kind} ${body.toString('hex')}`));
    for (let round = 0; round < 200; round++) {
      const hurt = hurtSomewhere(bundle, next);
      for (const part of await partsOf(hurt, 1 + Math.floor(next() * 3_000))) {
        if (part.kind !== 'item' || part.item.kind === 'unknown') continue;
        const [record] = recordsOf(Buffer.from(encodeItem(part.item)));
        expect(bodies.has(`${record!.kind} ${record!.body.toString('hex')}`), `seed ${seed}`).toBe(true);
      }
    }
  });

  it('by a stranger brings nothing in: its author has no grant', async () => {
    const outside = new MeshWorld();
    try {
      const node = await fresh();
      const stranger = await outside.node('stranger');
      await stranger.mesh.publish('t', 'let me in');
      const theirs = rewritten(await bundleOf(stranger.mesh), ({ kind, body }) =>
        kind === HEADER ? recordsOf(bundle)[0]!.body : body,
      );
      const summary = await node.mesh.importBundle([theirs]);
      expect(summary.stored).toBe(0);
      expect(summary.refused + summary.parked).toBeGreaterThan(0);
    } finally {
      await outside.stop();
    }
  });
});

function asUint(item: unknown): unknown {
  return typeof item === 'number' ? cborUint(item) : item;
}

function decoded(body: Uint8Array): unknown {
  const value = decodeCbor(body);
  if (!value.ok) throw new Error('the body is CBOR');
  return value.value;
}

/** Cuts out, doubles, overwrites or shifts a piece. */
function hurtSomewhere(bundle: Buffer, next: () => number): Buffer {
  const at = Math.floor(next() * bundle.length);
  const length = Math.floor(next() * 300);
  const piece = bundle.subarray(at, at + length);
  const rest = bundle.subarray(at + length);
  const noise = Buffer.from(Array.from({ length }, () => Math.floor(next() * 256)));
  const middles = [Buffer.alloc(0), Buffer.concat([piece, piece]), noise, Buffer.concat([noise, piece])];
  return Buffer.concat([bundle.subarray(0, at), middles[Math.floor(next() * middles.length)]!, rest]);
}
