import { setTimeout as sleep } from 'node:timers/promises';
import { ByteNetwork } from '../../simulations/world/byte-network.ts';
import { Counters, silentLog } from '../../src/errors/index.ts';
import { Libp2pOverlay, type VirtualPlace } from '../../src/overlay/index.ts';
import { bytesOf, MemoryAddressBook, TEST_REALM, until } from '../unit/overlay/test-overlays.ts';
import { describeOverlay, type OverlayWorld } from './overlay-contract.ts';
import { SteadyLinks } from './steady-links.ts';

for (const security of ['plain', 'noise'] as const) {
  describeOverlay(`Libp2pOverlay in memory (${security})`, () => memoryWorld(security));
}

function memoryWorld(security: VirtualPlace['security']): OverlayWorld {
  const network = new ByteNetwork(new SteadyLinks(2));
  const overlays: Libp2pOverlay[] = [];
  return {
    make: ({ name, listen, admits, frameBytesMax }) => {
      const host = network.host(listen?.replace('/memory/', '') ?? `h${overlays.length}`);
      const overlay = new Libp2pOverlay(
        {
          seed: bytesOf(name),
          networkSecret: bytesOf('network secret'),
          realmId: TEST_REALM,
          listen: [host.address],
          mdns: false,
          // Peers that called are not called back, as on loopback.
          discovery: false,
          ...(frameBytesMax === undefined ? {} : { frameBytesMax }),
        },
        {
          log: silentLog,
          counters: new Counters(),
          nowMs: () => Date.now(),
          random: Math.random,
          addressBook: new MemoryAddressBook(),
          ...(admits === undefined ? {} : { admits }),
        },
        { host, security },
      );
      overlays.push(overlay);
      return overlay;
    },
    until: (condition, sentence) => until(condition, sentence),
    pass: async (ms) => {
      await sleep(ms);
    },
    stop: async () => {
      await Promise.all(overlays.map((overlay) => overlay.stop()));
      await until(() => network.connections === 0, 'no connection is left open');
      network.stop();
    },
  };
}
