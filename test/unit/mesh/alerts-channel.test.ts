import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type EpochId, sealEntry } from '../../../src/entry/index.ts';
import { brief, take, texts, within } from './deliveries.ts';
import { MeshWorld, until, type WorldNode } from './mesh-world.ts';

const CARRIES = { mesh: { alerts: true } };

let world: MeshWorld;

beforeEach(() => {
  world = new MeshWorld();
});
afterEach(() => world.stop());

function topicOf({ mesh }: WorldNode, rest: string): string {
  return `$alerts/${mesh.node}/${rest}`;
}

/** A signed entry of a node in `$alerts` about whatever topic. */
function entryOf(author: WorldNode, topic: string) {
  const message = { topic, payload: new TextEncoder().encode('forged'), timeMs: 1 };
  const draft = {
    channel: '$alerts',
    epoch: '00000000000000aa' as EpochId,
    seq: 1,
    skip: 0,
    prev: null,
    lamport: 9_999,
    timeMs: 1,
    ttlSeconds: 0,
    messages: [message],
  };
  return sealEntry(draft, author.place.identity, author.realm.entryAad());
}

describe('$alerts', () => {
  it('reaches subscribers of $alerts/# at other nodes, in a channel of its own', async () => {
    const [a, b] = await world.line(['a', 'b'], CARRIES);
    const all = b!.mesh.subscribe('$alerts/#');
    const of = b!.mesh.subscribe(`$alerts/${a!.mesh.node}/+`);
    const published = await a!.mesh.publishAlert(topicOf(a!, 'disk'), 'full', { retain: true });
    expect(published.channel).toBe('$alerts');
    expect(await texts(all, 1)).toEqual(['full']);
    expect(await texts(of, 1)).toEqual(['full']);
    expect(b!.mesh.channels().find(({ channel }) => channel === '$alerts')).toMatchObject({
      filter: '$alerts/#',
      messages: 1,
      policy: { priority: 'alarm', retentionBytes: 4 * 1024 * 1024 },
    });
  });

  it('gives the last value of each topic, and none once it is cleared', async () => {
    const [a, b] = await world.line(['a', 'b'], CARRIES);
    await a!.mesh.publishAlert(topicOf(a!, 'disk'), 'full', { retain: true });
    await a!.mesh.publishAlert(topicOf(a!, 'fork'), 'forked', { retain: true });
    await a!.mesh.publishAlert(topicOf(a!, 'disk'), '', { retain: true });
    await until(
      () => b!.mesh.channels().some(({ channel, messages }) => channel === '$alerts' && messages === 3),
      'all are there',
    );
    expect(await texts(b!.mesh.subscribe('$alerts/#', { from: 'last' }), 1)).toEqual(['forked']);
  });

  it('stays out of what wildcards at the start match, retained or not', async () => {
    const a = await world.node('a', CARRIES);
    const wide = a.mesh.subscribe(['#', '+/+/+']);
    await a.mesh.publishAlert(topicOf(a, 'disk'), 'full', { retain: true });
    await a.mesh.publish('site/temp', '21', { retain: true });
    expect((await take(wide, 1)).map(brief)).toEqual(
      (await take(a.mesh.subscribe('site/#', { from: 'all' }), 1)).map(brief),
    );
    const retained: string[] = [];
    for await (const { topic } of a.mesh.retained(() => true)) retained.push(topic);
    expect(retained).toEqual(['site/temp']);
  });

  it('is not for applications, nor for the topics of another node', async () => {
    const [a, b] = await world.line(['a', 'b'], CARRIES);
    await expect(a!.mesh.publish(topicOf(a!, 'disk'), 'x')).rejects.toThrow(
      expect.objectContaining({ code: 'topic.reserved' }),
    );
    for (const topic of [
      topicOf(b!, 'disk'),
      '$alerts/disk',
      '$realm/grant',
      'site/temp',
      `${topicOf(a!, '')}+`,
    ]) {
      await expect(a!.mesh.publishAlert(topic, 'x')).rejects.toThrow(
        expect.objectContaining({ code: 'topic.reserved' }),
      );
    }
    const plain = await world.node('plain');
    await expect(plain.mesh.publishAlert(topicOf(plain, 'disk'), 'x')).rejects.toThrow(
      expect.objectContaining({ code: 'topic.reserved' }),
    );
  });

  it('takes nothing in which a node speaks for another, whoever brings it', async () => {
    const [a, b] = await world.line(['a', 'b'], CARRIES);
    b!.gossipIn(entryOf(a!, topicOf(b!, 'disk')).bytes);
    b!.gossipIn(entryOf(a!, 'site/temp').bytes);
    await until(() => b!.counters.get('entry.foreign-topic') === 2, 'both are refused');
    expect(await within(b!.mesh.subscribe('$alerts/#', { from: 'all' }), 50)).toEqual([]);
    b!.gossipIn(entryOf(a!, topicOf(a!, 'disk')).bytes);
    expect(await texts(b!.mesh.subscribe('$alerts/#', { from: 'all' }), 1)).toEqual(['forged']);
  });
});

describe('a node that does not know $alerts', () => {
  it('relays it, keeps nothing, and is in sync with those that do', async () => {
    const a = await world.node('a', CARRIES);
    const old = await world.node('old');
    const b = await world.node('b', CARRIES);
    await world.link(a, old);
    await world.link(old, b);
    const heard = b.mesh.subscribe('$alerts/#');
    await a.mesh.publishAlert(topicOf(a, 'disk'), 'full');
    expect(await texts(heard, 1)).toEqual(['full']);
    await a.mesh.publish('site/temp', '21');
    expect(await texts(b.mesh.subscribe('site/#', { from: 'all' }), 1)).toEqual(['21']);
    expect(old.mesh.channels().map(({ channel }) => channel)).toEqual(['$realm', 'main']);
    expect(old.mesh.gaps()).toEqual([]);
    expect(Object.keys(old.counters.snapshot())).toEqual([]);
    await until(() => old.mesh.peers().every(({ sync }) => sync === 'in-sync'), 'in sync with both');
  });

  it('meets one that has alerts it missed, and nothing goes wrong between them', async () => {
    const a = await world.node('a', CARRIES);
    await a.mesh.publishAlert(topicOf(a, 'disk'), 'full');
    const old = await world.node('old');
    await world.link(a, old);
    await a.mesh.publish('site/temp', '21');
    expect(await texts(old.mesh.subscribe('site/#', { from: 'all' }), 1)).toEqual(['21']);
    const b = await world.node('b', CARRIES);
    await world.link(a, b);
    expect(await texts(b.mesh.subscribe('$alerts/#', { from: 'all' }), 1)).toEqual(['full']);
    expect(Object.keys(old.counters.snapshot())).toEqual([]);
  });
});

describe('a bundle with alerts', () => {
  it('is taken in by a node that does not know $alerts, all but these', async () => {
    const a = await world.node('a', CARRIES);
    await a.mesh.publishAlert(topicOf(a, 'disk'), 'full');
    await a.mesh.publish('site/temp', '21');
    const chunks: Uint8Array[] = [];
    for await (const chunk of a.mesh.exportBundle()) chunks.push(chunk);
    const old = await world.node('old');
    await old.mesh.importBundle(chunks);
    expect(await texts(old.mesh.subscribe('site/#', { from: 'all' }), 1)).toEqual(['21']);
    expect(old.mesh.channels().map(({ channel }) => channel)).toEqual(['$realm', 'main']);
    const b = await world.node('b', CARRIES);
    await b.mesh.importBundle(chunks);
    expect(await texts(b.mesh.subscribe('$alerts/#', { from: 'all' }), 1)).toEqual(['full']);
  });
});
