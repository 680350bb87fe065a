import { afterEach, describe, expect, it } from 'vitest';
import type { Delivery, Subscription } from '../../../src/mesh/index.ts';
import { MeshWorld, until, type WorldNode } from './mesh-world.ts';

const CRASHES = Number(process.env.CRASHES ?? 100);

/** What must be true of a mesh over all its crashes, as seen by one durable reader. */
class Reader {
  /** Payloads handed out and acknowledged by asking for the next. */
  readonly acknowledged = new Set<string>();
  readonly seen = new Set<string>();
  readonly violations: string[] = [];
  readonly #content: Map<string, string>;
  readonly #numberOf = new Map<string, string>();
  #handedOut: string | null = null;
  #subscription: Subscription | null = null;
  readonly #lastByAuthor = new Map<string, number>();

  constructor(content: Map<string, string>) {
    this.#content = content;
  }

  /** Reads until the subscription ends. */
  async run(node: WorldNode): Promise<void> {
    // A crash may have come after the acknowledgement was on disk and before it was told.
    const unsure = this.#handedOut;
    this.#handedOut = null;
    this.#lastByAuthor.clear();
    const subscription = node.mesh.subscribe('#', { durable: 'd', from: 'all', gapPatienceMs: 60_000 });
    this.#subscription = subscription;
    try {
      for (;;) {
        const next = await subscription.next();
        if (this.#handedOut !== null) this.acknowledged.add(this.#handedOut);
        this.#handedOut = null;
        if (next.done === true) return;
        this.#handedOut = this.#take(next.value, unsure);
      }
    } catch {
      // The disk went with the power; what was handed out last may come again.
    }
  }

  close(): Promise<void> | undefined {
    return this.#subscription?.close();
  }

  #take(delivery: Delivery, unsure: string | null): string {
    if (delivery.kind === 'gap') {
      this.violations.push(`gap ${delivery.first}-${delivery.last}`);
      return 'gap';
    }
    const { author, epoch, seq, late } = delivery;
    const payload = Buffer.from(delivery.payload).toString();
    const number = `${author} ${epoch} ${seq}`;
    const before = this.#content.get(number);
    if (before !== undefined && before !== payload) this.violations.push(`two contents of ${number}`);
    this.#content.set(number, payload);
    const other = this.#numberOf.get(payload) ?? number;
    if (other !== number) this.violations.push(`${payload} came as ${other} and as ${number}`);
    this.#numberOf.set(payload, number);
    if (this.acknowledged.has(number)) this.violations.push(`acknowledged and again: ${payload}`);
    if (!late && seq <= (this.#lastByAuthor.get(`${author} ${epoch}`) ?? 0) && number !== unsure)
      this.violations.push(`out of order: ${payload}`);
    if (!late) this.#lastByAuthor.set(`${author} ${epoch}`, seq);
    this.seen.add(payload);
    return number;
  }
}

describe('a mesh on disks that lose all unsynced writes', () => {
  let world: MeshWorld;

  afterEach(() => world.stop());

  it.each(['none', 'random'] as const)(
    `loses nothing durable and repeats nothing acknowledged over ${CRASHES} crashes (unsynced: %s)`,
    async (keepUnsynced) => {
      const seed = Math.floor(Math.random() * 2 ** 31);
      console.log(`seed ${seed}`);
      const random = randomOf(seed);
      world = new MeshWorld();
      const nodes = await world.line(['a', 'b']);
      const content = new Map<string, string>();
      const readers = nodes.map(() => new Reader(content));
      const reading = nodes.map((node, index) => readers[index]!.run(node));
      const durable = new Set<string>();
      const next = nodes.map(() => 0);
      const retry: number[][] = nodes.map(() => []);

      /** A feeder publishes under ids, and after a crash again what it has no acknowledgement of. */
      const publishSome = (index: number, count: number): Promise<unknown> => {
        const node = nodes[index]!;
        const ids = [...retry[index]!.splice(0), ...Array.from({ length: count }, () => next[index]!++)];
        return Promise.all(
          ids.map(async (n) => {
            const payload = `${index}:${n}`;
            try {
              const { seq, epoch, author } = await node.mesh.publish('t', payload, {
                id: { producer: 'p', n },
              });
              const number = `${author} ${epoch} ${seq}`;
              const before = content.get(number);
              if (before !== undefined && before !== payload)
                readers[index]!.violations.push(`number ${number} used twice`);
              content.set(number, payload);
              durable.add(payload);
            } catch {
              retry[index]!.push(n);
            }
          }),
        );
      };

      for (let crash = 0; crash < CRASHES; crash++) {
        const index = random() < 0.5 ? 0 : 1;
        const node = nodes[index]!;
        const publishing = [publishSome(0, 3), publishSome(1, 3)];
        if (random() < 0.5) node.memoryDisk.dieAfter(1 + Math.floor(random() * 40));
        const pause = Math.floor(random() * 12);
        for (let turn = 0; turn < pause; turn++) await new Promise((resolve) => setImmediate(resolve));
        await node.crash({ keepUnsynced, random });
        await readers[index]!.close();
        await reading[index];
        await Promise.all(publishing);
        retry[index]!.sort((x, y) => x - y);
        await node.revive();
        reading[index] = readers[index]!.run(node);
      }
      await Promise.all([publishSome(0, 5), publishSome(1, 5)]);
      expect(retry).toEqual([[], []]);
      const all = new Set(
        [0, 1].flatMap((index) => Array.from({ length: next[index]! }, (_, n) => `${index}:${n}`)),
      );
      expect(durable).toEqual(all);
      for (const reader of readers) {
        await until(() => reader.seen.size >= all.size, 'all arrived', 10_000).catch(() => {});
        expect([...all].filter((payload) => !reader.seen.has(payload))).toEqual([]);
        expect(reader.violations).toEqual([]);
      }
    },
    60_000,
  );
});

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
