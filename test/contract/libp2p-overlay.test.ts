import { setTimeout as sleep } from 'node:timers/promises';
import { Libp2pOverlay } from '../../src/overlay/index.ts';
import { bytesOf, TestOverlays, until } from '../unit/overlay/test-overlays.ts';
import { describeOverlay } from './overlay-contract.ts';

describeOverlay(Libp2pOverlay.name, () => {
  const overlays = new TestOverlays();
  return {
    make: ({ name, listen, admits, frameBytesMax }) =>
      overlays.make(
        {
          seed: bytesOf(name),
          ...(listen === undefined ? {} : { listen: [listen] }),
          ...(frameBytesMax === undefined ? {} : { frameBytesMax }),
        },
        admits === undefined ? {} : { admits },
      ),
    until: (condition, sentence) => until(condition, sentence),
    pass: async (ms) => {
      await sleep(ms);
    },
    stop: () => overlays.stop(),
  };
});
