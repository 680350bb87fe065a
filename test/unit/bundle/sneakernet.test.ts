import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { numbers, take, texts } from '../mesh/deliveries.ts';
import { MeshWorld, until, type WorldNode } from '../mesh/mesh-world.ts';
import { bundleOf, inChunks, partsOf, recordsOf } from './bundle-world.ts';

const DAY_MS = 86_400_000;

describe('a bundle', () => {
  let world: MeshWorld;

  beforeEach(() => {
    world = new MeshWorld({ channels: [{ name: 'alarm', filter: 'alarm/#' }] });
  });

  afterEach(() => world.stop());

  const publish = (node: WorldNode, first: number, last: number, topic = 't') =>
    node.mesh.publishMany(numbers(first, last).map((payload) => ({ topic, payload })));

  it('brings everything to a node that met nobody', async () => {
    const [a, b] = (await world.line(['a', 'b'])) as [WorldNode, WorldNode];
    await publish(a, 1, 300);
    await publish(b, 301, 400);
    await until(() => a.mesh.status().received >= 100, 'a has all of b');
    const bundle = await bundleOf(a.mesh);
    const far = await world.node('far');
    const summary = await far.mesh.importBundle(inChunks(bundle, 1_000));
    expect(summary).toMatchObject({ state: 'whole', refused: 0, damaged: 0, parked: 0, stillMissing: 0 });
    expect(summary.from).toMatchObject({ node: a.mesh.node, name: 'a' });
    const got = await texts(far.mesh.subscribe('t', { from: 'all' }), 400);
    expect(got.map(Number).sort((x, y) => x - y)).toEqual(numbers(1, 400).map(Number));
    expect(far.mesh.realm().nodes.map(({ name }) => name)).toEqual(['a', 'b', 'far']);
  });

  it('is kept over a restart, with the authors that it proved', async () => {
    const [a] = (await world.line(['a'])) as [WorldNode];
    await publish(a, 1, 20);
    const far = await world.node('far');
    await far.mesh.importBundle([await bundleOf(a.mesh)]);
    await far.restart();
    expect(await texts(far.mesh.subscribe('t', { from: 'all' }), 20)).toEqual(numbers(1, 20));
    expect(far.mesh.realm().nodes.map(({ name }) => name)).toContain('a');
  });

  it('may be imported twice, and what is held is only counted', async () => {
    const [a] = (await world.line(['a'])) as [WorldNode];
    await publish(a, 1, 50);
    const bundle = await bundleOf(a.mesh);
    const far = await world.node('far');
    const first = await far.mesh.importBundle([bundle]);
    const again = await far.mesh.importBundle([bundle]);
    expect(again).toMatchObject({ state: 'whole', stored: 0, known: first.entries, refused: 0 });
    const subscription = far.mesh.subscribe('t', { from: 'all' });
    expect(await texts(subscription, 50)).toEqual(numbers(1, 50));
  });

  it('is handed on to peers, and to subscribers as it comes', async () => {
    const a = await world.node('a');
    await publish(a, 1, 100);
    const bundle = await bundleOf(a.mesh);
    await a.stop();
    const [b, c] = (await world.line(['b', 'c'])) as [WorldNode, WorldNode];
    const atB = b.mesh.subscribe('t');
    const atC = c.mesh.subscribe('t');
    await b.mesh.importBundle([bundle]);
    expect(await texts(atB, 100)).toEqual(numbers(1, 100));
    expect(await texts(atC, 100)).toEqual(numbers(1, 100));
  });

  it('since a time or offset holds what was received after it, and all of the realm', async () => {
    const [a] = (await world.line(['a'])) as [WorldNode];
    await publish(a, 1, 10);
    const offset = a.mesh.channels().find(({ channel }) => channel === 'main')!.offset!;
    await publish(a, 11, 15);
    const byOffset = a.mesh.exportBundle({ since: { offsets: { main: offset } } });
    const chunks: Uint8Array[] = [];
    for await (const chunk of byOffset) chunks.push(chunk);
    const main = byOffset.summary!.channels.find(({ channel }) => channel === 'main');
    expect(main?.messages).toBe(5);
    expect(byOffset.header?.channels.find(({ channel }) => channel === '$realm')?.since).toBeNull();
    const far = await world.node('far');
    const summary = await far.mesh.importBundle(chunks);
    expect(summary).toMatchObject({ state: 'whole', stillMissing: 10 });
    const later = await bundleOf(a.mesh, { since: { timeMs: Date.now() + DAY_MS } });
    const kinds = (await partsOf(later)).filter((part) => part.kind === 'item' && part.item.kind === 'entry');
    expect(kinds).toHaveLength(2);
  });

  it('refuses an offset that is not of this journal, or takes all where that is wished', async () => {
    const [a] = (await world.line(['a'])) as [WorldNode];
    await publish(a, 1, 3);
    const offsets = { main: '0011223344556677:2' };
    await expect(bundleOf(a.mesh, { since: { offsets } })).rejects.toMatchObject({
      code: 'journal.offset-unknown',
    });
    const all = a.mesh.exportBundle({ since: { offsets, orAll: true } });
    for await (const _ of all);
    expect(all.summary!.channels.find(({ channel }) => channel === 'main')?.messages).toBe(3);
  });

  it('holds only the channels that are wished, and refuses unknown ones', async () => {
    const [a] = (await world.line(['a'])) as [WorldNode];
    await publish(a, 1, 3);
    await publish(a, 1, 2, 'alarm/fire');
    const one = a.mesh.exportBundle({ channels: ['alarm'] });
    for await (const _ of one);
    expect(one.summary!.channels.map(({ channel, messages }) => [channel, messages])).toEqual([
      ['$realm', 2],
      ['alarm', 2],
    ]);
    expect(() => a.mesh.exportBundle({ channels: ['nothing'] })).toThrow(
      expect.objectContaining({ code: 'bundle.unknown-channel' }),
    );
  });

  it('brings a channel that the importing node has not heard of yet', async () => {
    const [a] = (await world.line(['a'])) as [WorldNode];
    await a.mesh.publish('alarm/fire', 'now');
    const far = await world.node('far');
    expect(far.mesh.channels().map(({ channel }) => channel)).not.toContain('alarm');
    const summary = await far.mesh.importBundle([await bundleOf(a.mesh)]);
    expect(summary).toMatchObject({ state: 'whole', notCarried: 0, refused: 0 });
    expect(await texts(far.mesh.subscribe('alarm/#', { from: 'all' }), 1)).toEqual(['now']);
  });

  it('that comes back brings word of what arrived', async () => {
    const [a] = (await world.line(['a'])) as [WorldNode];
    await publish(a, 1, 10);
    const far = await world.node('far');
    await far.mesh.importBundle([await bundleOf(a.mesh)]);
    const back = await bundleOf(far.mesh);
    const heldBy = async () => {
      const { holders } = await a.mesh.holders({ author: 'a', seq: 10 }, { timeoutMs: 50 });
      return holders.map(({ name, holds, source }) => [name, holds, source]);
    };
    expect(await heldBy()).toEqual([['a', true, 'disk']]);
    await a.mesh.importBundle([back.subarray(0, back.length - 10)]);
    // A truncated bundle is signed by nobody.
    expect(await heldBy()).toContainEqual(['far', null, null]);
    await a.mesh.importBundle([back]);
    expect(await heldBy()).toContainEqual(['far', true, 'bundle']);
  });

  it('leaves out what has lived its life', async () => {
    const a = await world.node('a');
    await a.mesh.publish('t', 'short', { ttlSeconds: 1 });
    await a.mesh.publish('t', 'long', { ttlSeconds: 600 });
    // A clock that jumps is not believed: the time must pass.
    const publishedAt = performance.now();
    await until(() => performance.now() - publishedAt > 1_050, 'a second passed');
    const exported = a.mesh.exportBundle();
    const chunks: Uint8Array[] = [];
    for await (const chunk of exported) chunks.push(chunk);
    expect(exported.summary?.expired).toBe(1);
    const far = await world.node('far');
    await far.mesh.importBundle(chunks);
    const [first] = await take(far.mesh.subscribe('t', { from: 'all', order: 'arrival' }), 1);
    expect(first?.kind === 'message' && Buffer.from(first.payload).toString()).toBe('long');
  });

  it('carries entries up to the limit, and orders each log', async () => {
    const [a] = (await world.line(['a'])) as [WorldNode];
    const payload = new Uint8Array(1_048_576).fill(7);
    await a.mesh.publish('t', payload);
    await publish(a, 1, 10);
    const bundle = await bundleOf(a.mesh);
    expect(recordsOf(bundle).some(({ size }) => size > 1_048_576)).toBe(true);
    const far = await world.node('far');
    const summary = await far.mesh.importBundle(inChunks(bundle, 65_536));
    expect(summary.state).toBe('whole');
    const subscription = far.mesh.subscribe('t', { from: 'all' });
    const [large, ...rest] = await take(subscription, 11);
    expect(large?.kind === 'message' && Buffer.compare(large.payload, payload)).toBe(0);
    expect(rest.map((d) => (d.kind === 'message' ? Buffer.from(d.payload).toString() : 'gap'))).toEqual(
      numbers(1, 10),
    );
  });

  it('may be made of what came by a bundle', async () => {
    const [a] = (await world.line(['a'])) as [WorldNode];
    for (const payload of numbers(1, 600)) void a.mesh.publish('t', payload, { ack: 'accepted' });
    for (const payload of numbers(601, 640)) await a.mesh.publish('t', payload);
    const far = await world.node('far');
    await far.mesh.importBundle([await bundleOf(a.mesh)]);
    const further = await world.node('further');
    const again = await further.mesh.importBundle([await bundleOf(far.mesh)]);
    expect(again).toMatchObject({ state: 'whole', refused: 0 });
    expect(await texts(further.mesh.subscribe('t', { from: 'all' }), 640)).toEqual(numbers(1, 640));
  });

  it('is written in bounded pieces while more is published', async () => {
    const [a] = (await world.line(['a'])) as [WorldNode];
    await publish(a, 1, 2_000);
    const exported = a.mesh.exportBundle();
    let chunks = 0;
    const all: Uint8Array[] = [];
    for await (const chunk of exported) {
      expect(chunk.length).toBeLessThan(400_000);
      all.push(chunk);
      if (chunks++ === 0) await publish(a, 2_001, 2_100);
    }
    expect(exported.summary!.channels.find(({ channel }) => channel === 'main')?.messages).toBe(2_000);
    const far = await world.node('far');
    // Nor does it claim what came later.
    expect(await far.mesh.importBundle(all)).toMatchObject({ state: 'whole', stillMissing: 0 });
  });
});
