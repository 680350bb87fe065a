import { line } from '../world/topology.ts';
import { faultsOff } from './faults-off.ts';
import { FieldTraffic } from './field-traffic.ts';
import { really } from './really.ts';
import type { Scenario } from './scenario.ts';

const BACKLOG = 1_500;
/** The backlog takes five minutes and more. */
const ALARM_SECONDS_MAX = 30;
const PAYLOAD = 'x'.repeat(300);

/** A narrow link with an hour of backlog on it, and an alarm that cannot wait that long. */
export const slowLinkWithAlarms: Scenario = {
  name: 'slow-link-with-alarms',
  summary:
    'A link of 2 KB/s comes back with minutes of backlog to sync; alarms published meanwhile are through in half a minute at most, and the backlog follows.',
  durationText: '25 min',
  overlays: ['model'],
  async run(context) {
    const mesh = await context.mesh({
      names: ['field', 'office'],
      topology: line(),
      channels: [{ name: 'alarm', filter: 'alarm/#' }],
      all: { mesh: { retention: { alarm: { priority: 'alarm' }, main: { priority: 'bulk' } } } },
      link: { latencyMs: 200, jitterMs: 100, bytesPerSecond: 2_000 },
    });
    const traffic = new FieldTraffic(mesh);
    mesh.subscribeAll('#', { from: 'all' });
    mesh.cut('field', 'office');
    for (let n = 0; n < BACKLOG; n++) {
      const published = mesh.node('field').publish('site/field', `${n} ${PAYLOAD}`);
      if (n % 50 === 49) await published;
      else published.catch(() => {});
    }
    await traffic.say('field', 'alarm/while-away');
    mesh.mend('field', 'office');
    for (let n = 0; n < 5; n++) {
      await mesh.advance('20s');
      await traffic.say('field', `alarm/${n}`);
    }
    await mesh.advance('20s');
    const delays = delaysOf(mesh, 'alarm/');
    really(
      delays.length === 6 && delays.every((seconds) => seconds < ALARM_SECONDS_MAX),
      `alarms are through within ${ALARM_SECONDS_MAX} s (${delays.map((seconds) => seconds.toFixed(1)).join(', ')} s)`,
    );
    const behind = mesh.history.filter(
      ({ event, node, topic }) => event === 'delivery' && node === 'office' && topic === 'site/field',
    ).length;
    really(behind < BACKLOG, `the backlog is still on its way (${behind} of ${BACKLOG})`);
    await faultsOff(mesh, traffic, { within: '20m', rest: false });
  },
};

/** Seconds from the link's return, or from publishing where that was later, to delivery at the office. */
function delaysOf(
  mesh: { readonly history: readonly { t: number; event: string; node: string; topic?: string }[] },
  prefix: string,
): number[] {
  const mended = mesh.history.find(({ event }) => event === 'mend')!.t;
  const at = (kind: string, topic: string, node?: string) =>
    mesh.history.find(
      (event) => event.event === kind && event.topic === topic && (node ?? event.node) === event.node,
    )?.t;
  const topics = mesh.history.flatMap(({ event, topic = '' }) =>
    event === 'publish' && topic.startsWith(prefix) ? [topic] : [],
  );
  return topics.map((topic) => {
    const delivered = at('delivery', topic, 'office') ?? Number.POSITIVE_INFINITY;
    return delivered - Math.max(mended, at('publish', topic)!);
  });
}
