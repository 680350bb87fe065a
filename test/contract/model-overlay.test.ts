import { createHash } from 'node:crypto';
import { describe } from 'vitest';
import { ModelNetwork } from '../../simulations/world/model-network.ts';
import { SeededRandom } from '../../simulations/world/seeded-random.ts';
import { VirtualClock } from '../../simulations/world/virtual-clock.ts';
import { Identity } from '../../src/identity/index.ts';
import { describeOverlay } from './overlay-contract.ts';

describe.each([
  { latencyMs: 0, jitterMs: 0 },
  { latencyMs: 20, jitterMs: 10 },
  { latencyMs: 2, jitterMs: 0, bytesPerSecond: 2_000_000 },
])('with links of %o', (link) => {
  describeOverlay('ModelOverlay', () => {
    const random = new SeededRandom('contract');
    const clock = new VirtualClock({ random: random.next });
    const network = new ModelNetwork({ random: random.next, link, unset: 'up' });
    clock.install();
    // The suite awaits what takes time: it passes by itself, as fast as it can.
    const stopped = Promise.withResolvers<void>();
    const running = clock.settle(stopped.promise, { whenIdle: 'wait' });
    const pass = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));
    return {
      make: ({ name, listen: _, admits = () => true, ...options }) => {
        const identity = Identity.fromSeed(createHash('sha256').update(name).digest());
        return network.make(name, { identity, admits, ...options });
      },
      until: async (condition, sentence) => {
        for (const endMs = clock.elapsedMs + 60_000; !condition(); await pass(5)) {
          if (clock.elapsedMs > endMs) throw new Error(`not within a minute: ${sentence}`);
        }
      },
      pass,
      stop: async () => {
        await network.stop();
        stopped.resolve();
        await running;
        clock.uninstall();
      },
    };
  });
});
