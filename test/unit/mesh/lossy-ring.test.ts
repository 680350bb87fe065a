import { afterEach, expect, it } from 'vitest';
import type { Subscription } from '../../../src/mesh/index.ts';
import { text } from './deliveries.ts';
import { MeshWorld } from './mesh-world.ts';

const NODES = ['a', 'b', 'c', 'd', 'e'];
const MESSAGES = 400;

let world: MeshWorld;

afterEach(() => world.stop());

it.each(['new', 'all'] as const)(
  'delivers each message once and in order at every node of a ring that loses a third of its gossip (from %s)',
  async (from) => {
    const seed = Math.floor(Math.random() * 2 ** 31);
    console.log(`seed ${seed}`);
    const random = randomOf(seed);
    world = new MeshWorld();
    const nodes = await world.line(NODES, { sync: { holeDelayMs: 20, helloIntervalMs: 400 } });
    await world.link(nodes[0]!, nodes.at(-1)!);
    world.network.passGossip = () => random() > 0.33;
    const options = { from, gapPatienceMs: 60_000 };
    const subscriptions = nodes.flatMap(({ mesh }) => [
      mesh.subscribe('t', { ...options, bufferMessages: 3 }),
      mesh.subscribe('t', { ...options, durable: 'd' }),
      mesh.subscribe('t', { from, order: 'arrival', bufferMessages: 7 }),
    ]);
    const reading = subscriptions.map((subscription, index) => read(subscription, index % 3 !== 2));
    await Promise.all(
      nodes.map(async ({ mesh }, index) => {
        for (let n = 0; n < MESSAGES; n++) {
          const large = random() < 0.01 ? ' '.repeat(70_000) : '';
          const publishing = mesh.publish(
            't',
            `${index} ${n}${large}`,
            random() < 0.3 ? { id: { producer: 'p', n } } : {},
          );
          if (random() < 0.3) await publishing;
        }
      }),
    );
    const results = await Promise.all(reading);
    expect(results).toEqual(results.map(() => []));
  },
  25_000,
);

/** Reads until all came; returns what was wrong. */
async function read(subscription: Subscription, inOrder: boolean): Promise<string[]> {
  const problems: string[] = [];
  const seen = new Set<string>();
  const next = new Map<string, number>();
  const timer = setTimeout(() => void subscription.close(), 20_000);
  for await (const delivery of subscription) {
    if (delivery.kind === 'gap') {
      problems.push(text(delivery));
      continue;
    }
    if (delivery.late) problems.push(`late ${text(delivery)}`);
    const [node, n] = text(delivery).trim().split(' ') as [string, string];
    if (seen.has(`${node} ${n}`)) problems.push(`${node} ${n} twice`);
    if (inOrder && Number(n) !== (next.get(node) ?? 0))
      problems.push(`${node} ${n}, not ${next.get(node) ?? 0}`);
    next.set(node, Number(n) + 1);
    seen.add(`${node} ${n}`);
    if (seen.size === NODES.length * MESSAGES) break;
  }
  clearTimeout(timer);
  if (seen.size < NODES.length * MESSAGES) problems.push(`${seen.size} came`);
  return problems.slice(0, 5);
}

/** Mulberry32. */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}
