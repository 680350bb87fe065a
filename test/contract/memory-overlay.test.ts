import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Identity } from '../../src/identity/index.ts';
import { until } from '../unit/overlay/test-overlays.ts';
import { MemoryNetwork } from './memory-network.ts';
import { describeOverlay } from './overlay-contract.ts';

describeOverlay('MemoryOverlay', () => {
  const network = new MemoryNetwork();
  return {
    make: ({ name, ...options }) =>
      network.make(Identity.fromSeed(createHash('sha256').update(name).digest()).nodeId, options),
    until: (condition, sentence) => until(condition, sentence),
    pass: async (ms) => {
      await sleep(ms);
    },
    stop: () => network.stop(),
  };
});
