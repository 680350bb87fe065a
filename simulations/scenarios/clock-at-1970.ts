import { ring } from '../world/topology.ts';
import { faultsOff } from './faults-off.ts';
import { FieldTraffic } from './field-traffic.ts';
import { really } from './really.ts';
import type { Scenario } from './scenario.ts';

const TEN_YEARS_MS = 10 * 365 * 86_400_000;

/** One node starts in 1970 each time it boots, one is ten years ahead, one steps back and forth: nothing may depend on it. */
export const clockAt1970: Scenario = {
  name: 'clock-at-1970',
  summary:
    'Clocks stand at 1970, run ten years ahead, step back and drift; order, delivery, lifetimes and restarts do not care.',
  durationText: '8 min',
  overlays: ['model', 'libp2p'],
  async run(context) {
    const mesh = await context.mesh({
      names: ['no-battery', 'ahead', 'stepping', 'right'],
      topology: ring(),
      node: {
        'no-battery': { clock: { startMs: 0 } },
        ahead: { clock: { startMs: Date.UTC(2026, 0) + TEN_YEARS_MS, driftPpm: 500 } },
      },
    });
    const traffic = new FieldTraffic(mesh);
    const names = mesh.nodes.map(({ name }) => name);
    for (const node of mesh.nodes) node.subscribe('#', { from: 'all', durable: 'app' });
    really(
      new Date(mesh.node('no-battery').clock.nowMs()).getUTCFullYear() === 1970,
      'one clock stands at 1970',
    );
    const shortLived = await Promise.all(
      names.map((name) => traffic.say(name, `fresh/${name}`, { ttlSeconds: 3_600 })),
    );
    for (let round = 0; round < 10; round++) {
      await traffic.all(names);
      mesh.node('stepping').clock.jump(round % 2 === 0 ? -3 * 86_400_000 : 86_400_000);
      if (round === 4) {
        await mesh.crash('no-battery');
        mesh.node('no-battery').clock.set(0);
        await mesh.restart('no-battery');
      }
      if (round === 6) mesh.node('no-battery').clock.set(Date.UTC(2026, 5));
      if (round === 8) mesh.node('ahead').clock.jump(-TEN_YEARS_MS);
      await mesh.advance('25s');
    }
    for (const { author, epoch, seq } of shortLived) {
      const heard = mesh.history.filter(
        (event) =>
          event.event === 'delivery' &&
          event.author === mesh.nameOf(author) &&
          event.epoch === epoch &&
          event.seq === seq,
      );
      really(
        new Set(heard.map(({ node }) => node)).size === 4,
        `a message of ${mesh.nameOf(author)} with a lifetime of an hour reaches all`,
      );
    }
    await faultsOff(mesh, traffic, { within: '1m' });
  },
};
