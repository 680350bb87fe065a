import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { HistoryOptions, HistoryPage } from '../../../src/mesh/index.ts';
import { numbers } from './deliveries.ts';
import { MeshWorld, type WorldNode } from './mesh-world.ts';

let world: MeshWorld;
let a: WorldNode;

beforeEach(async () => {
  world = new MeshWorld({ channels: [{ name: 'alarm', filter: 'alarm/#' }] });
  a = await world.node('a');
});

afterEach(() => world.stop());

async function publish(payloads: readonly string[], topic = 't'): Promise<void> {
  await a.mesh.publishMany(payloads.map((payload) => ({ topic, payload })));
}

function payloads({ messages }: HistoryPage): string[] {
  return messages.map(({ payload }) => Buffer.from(payload).toString());
}

/** All pages, one after the other. */
async function all(filters: string | string[], options: HistoryOptions): Promise<string[]> {
  const found: string[] = [];
  let { cursor } = options;
  for (;;) {
    const page = await a.mesh.history(filters, { ...options, ...(cursor === undefined ? {} : { cursor }) });
    expect(page.messages.length).toBeLessThanOrEqual(options.messagesMax ?? 100);
    found.push(...payloads(page));
    cursor = page.cursor;
    if (!page.more) return found;
  }
}

describe('history', () => {
  it.each([1, 2, 3, 7, 100])(
    'comes in pages of %i without a gap or a repetition, both ways',
    async (messagesMax) => {
      await publish(numbers(1, 10));
      await publish(['x'], 'other');
      for (const one of numbers(11, 15)) await publish([one]);
      expect(await all('t', { messagesMax })).toEqual(numbers(1, 15));
      expect(await all('t', { messagesMax, order: 'newest' })).toEqual(numbers(1, 15).reverse());
    },
  );

  it('goes on at its end once more has arrived', async () => {
    await publish(numbers(1, 2));
    const first = await a.mesh.history('#');
    expect(first).toMatchObject({ more: false });
    await publish(['3']);
    expect(payloads(await a.mesh.history('#', { cursor: first.cursor }))).toEqual(['3']);
  });

  it('goes through all channels that its filters reach, in order of receipt', async () => {
    await publish(['1']);
    await publish(['fire'], 'alarm/a');
    const found = await all('#', { messagesMax: 1 });
    expect(found.sort()).toEqual(['1', 'fire']);
    expect(await all('alarm/#', { messagesMax: 1, order: 'newest' })).toEqual(['fire']);
  });

  it('goes on behind the offset of a message', async () => {
    await publish(numbers(1, 5));
    const { messages } = await a.mesh.history('t');
    for (const [index, { offset, channel }] of messages.entries()) {
      const rest = payloads(await a.mesh.history('t', { cursor: `${channel}=${offset}` }));
      expect(rest).toEqual(numbers(1, 5).slice(index + 1));
    }
    const [{ offset } = { offset: '' }] = messages;
    // Alone, an offset says enough where there is one channel.
    expect(payloads(await a.mesh.history('t', { cursor: offset }))).toEqual(numbers(2, 5));
    await expect(a.mesh.history('#', { cursor: offset })).rejects.toMatchObject({ code: 'mesh.bad-option' });
    expect(payloads(await a.mesh.history('#', { cursor: a.mesh.historyEnd('#') }))).toEqual([]);
  });

  it('survives a restart with its cursors, and refuses those of another node', async () => {
    await publish(numbers(1, 3));
    const { cursor } = await a.mesh.history('t', { messagesMax: 2 });
    await a.restart();
    expect(payloads(await a.mesh.history('t', { cursor }))).toEqual(['3']);
    const b = await world.node('b');
    await expect(b.mesh.history('t', { cursor })).rejects.toMatchObject({ code: 'journal.offset-unknown' });
  });

  it('keeps to the times that are asked for', async () => {
    await publish(['1']);
    const betweenMs = Date.now() + 1;
    while (Date.now() <= betweenMs) await new Promise((resolve) => setImmediate(resolve));
    await publish(['2']);
    expect(await all('t', { sinceMs: betweenMs })).toEqual(['2']);
    expect(await all('t', { untilMs: betweenMs })).toEqual(['1']);
    expect(await all('t', { sinceMs: betweenMs, order: 'newest' })).toEqual(['2']);
    expect(await all('t', { untilMs: betweenMs, order: 'newest' })).toEqual(['1']);
  });

  it('ends a page where its payloads are large', async () => {
    await publish(numbers(1, 3).map((one) => one.repeat(1_000)));
    const page = await a.mesh.history('t', { payloadBytesMax: 1_500 });
    expect(page).toMatchObject({ more: true });
    expect(page.messages).toHaveLength(2);
  });

  it.each([
    [['a/##'], {}, 'topic.bad-filter'],
    [[], {}, 'mesh.bad-option'],
    [['t'], { messagesMax: 0 }, 'mesh.bad-option'],
    [['t'], { cursor: 'main=nonsense' }, 'journal.offset-unknown'],
    [['t'], { cursor: 'nonsense' }, 'journal.offset-unknown'],
    [['#'], { cursor: 'nonsense' }, 'mesh.bad-option'],
  ])('refuses %j with %j', async (filters, options, code) => {
    await expect(a.mesh.history(filters, options)).rejects.toMatchObject({ code });
  });
});

describe('last values', () => {
  const last = async (wants: (topic: string) => boolean = () => true, max = 100) => {
    const { messages, complete } = await a.mesh.lastValues(wants, max);
    const values = messages.map(({ topic, payload }) => [topic, Buffer.from(payload).toString()]);
    return { values: Object.fromEntries(values), complete };
  };

  it('are one a topic, and follow what comes', async () => {
    await publish(numbers(1, 3));
    await publish(['x'], 'other');
    expect(await last()).toEqual({ values: { t: '3', other: 'x' }, complete: true });
    await publish(['4']);
    await publish(['fire'], 'alarm/a');
    expect(await last()).toEqual({ values: { t: '4', other: 'x', 'alarm/a': 'fire' }, complete: true });
    expect(await last((topic) => topic === 'other')).toEqual({ values: { other: 'x' }, complete: true });
  });

  it('are not there where an empty retained message cleared them', async () => {
    await a.mesh.publish('t', '1', { retain: true });
    await a.mesh.publish('t', '', { retain: true });
    expect(await last()).toEqual({ values: {}, complete: true });
  });

  it('say where there are more', async () => {
    await publish(['1'], 'a');
    await publish(['2'], 'b');
    expect((await last(() => true, 1)).complete).toBe(false);
  });

  it('are the same for all who ask at once', async () => {
    await publish(numbers(1, 3));
    const answers = await Promise.all([last(), last(), last()]);
    for (const answer of answers) expect(answer.values).toEqual({ t: '3' });
  });
});
