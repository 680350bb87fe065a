import { createHash } from 'node:crypto';
import { describe } from 'vitest';
import { Libp2pNetwork } from '../../simulations/world/libp2p-network.ts';
import { SeededRandom } from '../../simulations/world/seeded-random.ts';
import { VirtualClock } from '../../simulations/world/virtual-clock.ts';
import { Identity } from '../../src/identity/index.ts';
import { createRealm } from '../../src/realm/index.ts';
import { describeOverlay, type OverlayWorld } from './overlay-contract.ts';

const { anchor } = createRealm({ name: 'contract' });

describe.each([
  { security: 'plain', link: { latencyMs: 2 } },
  { security: 'plain', link: { latencyMs: 20, jitterMs: 10, bytesPerSecond: 4_000_000 } },
  { security: 'noise', link: { latencyMs: 5 } },
] as const)('in memory with %o', ({ security, link }) => {
  describeOverlay('Libp2pOverlay', (): OverlayWorld => {
    const random = new SeededRandom('contract');
    const clock = new VirtualClock({ random: random.next });
    const network = new Libp2pNetwork({ random: random.next, link, unset: 'up', security });
    clock.install();
    // The suite awaits what takes time: it passes by itself, as fast as it can.
    const stopped = Promise.withResolvers<void>();
    const running = clock.settle(stopped.promise, { whenIdle: 'wait' });
    const pass = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));
    const until: OverlayWorld['until'] = async (condition, sentence) => {
      for (const endMs = clock.elapsedMs + 60_000; !condition(); await pass(5)) {
        if (clock.elapsedMs > endMs) throw new Error(`not within a minute: ${sentence}`);
      }
    };
    return {
      make: ({ name, listen: _, admits = () => true, ...options }) => {
        const identity = Identity.fromSeed(createHash('sha256').update(name).digest());
        const nowMs = () => Date.now();
        return network.make(name, { identity, anchor, admits, nowMs, random: random.next, ...options });
      },
      until,
      pass,
      stop: async () => {
        await network.stop();
        await until(() => network.connections === 0, 'no connection is left');
        stopped.resolve();
        await running;
        clock.uninstall();
      },
    };
  });
});
