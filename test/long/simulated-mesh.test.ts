import { afterEach, describe, expect, it } from 'vitest';
import { type Duration, randomGeometric, randomLinks, SimulatedMesh } from '../../simulations/index.ts';

/** Of processor time, all threads together: what else the machine does must not decide. */
const CPU_MS_MAX = 120_000;
const MINUTE_MS = 60_000;
const realNow = performance.now.bind(performance);

function cpuMsSince(before: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1_000;
}

describe('the model overlay', () => {
  let mesh: SimulatedMesh;

  afterEach(() => mesh.stop());

  /** Publishes on one side of a partition, a minute after the other, by a node after the other. */
  function publishEveryMinute(names: readonly string[], days: number): void {
    for (let minute = 0; minute < days * 1_440; minute++) {
      const name = names[minute % names.length]!;
      const publish = () => mesh.node(name).publish('site/reading', `reading ${minute}`, { ack: 'accepted' });
      mesh.at(minute * MINUTE_MS, () => void publish());
    }
  }

  it('simulates 50 nodes parted for a week, a message a minute on each side, in under two minutes', async () => {
    const beganMs = realNow();
    const cpuBefore = process.cpuUsage();
    mesh = await SimulatedMesh.create({
      nodes: 50,
      topology: randomGeometric({ radius: 0.22 }),
      seed: 1,
      keepHistory: false,
      all: { mesh: { sync: { helloIntervalMs: 3_600_000 } } },
    });
    mesh.subscribeAll();
    const names = mesh.nodes.map(({ name }) => name);
    const sides = [names.slice(0, 25), names.slice(25)];
    mesh.partition(sides);
    for (const side of sides) publishEveryMinute(side, 7);
    await mesh.advance('7d');
    const partedMs = realNow() - beganMs;
    mesh.heal();
    const convergedMs = await mesh.converged({ within: '1h' });
    const realMs = realNow() - beganMs;
    const cpuMs = cpuMsSince(cpuBefore);
    mesh.assertNothingLost();
    expect(mesh.published).toHaveLength(2 * 7 * 1_440);
    report('50 nodes, 7 days', { partedMs, convergedMs, realMs, cpuMs });
    expect(cpuMs).toBeLessThan(CPU_MS_MAX);
  });

  it('runs 3,000 nodes', async () => {
    const beganMs = realNow();
    const cpuBefore = process.cpuUsage();
    mesh = await SimulatedMesh.create({
      nodes: 3_000,
      topology: randomLinks({ degree: 6 }),
      seed: 1,
      keepHistory: false,
      link: { latencyMs: 10, jitterMs: 5 },
      // Grants of all at all would be nine million entries.
      all: { mesh: { introduce: 'publish', sync: { helloIntervalMs: 3_600_000 } } },
    });
    mesh.subscribeAll();
    for (let message = 0; message < 10; message++) {
      await mesh.node(`n${1 + message * 299}`).publish('site/reading', `${message}`);
      await mesh.advance('1s' satisfies Duration);
    }
    const convergedMs = await mesh.converged();
    const realMs = realNow() - beganMs;
    const cpuMs = cpuMsSince(cpuBefore);
    mesh.assertNothingLost();
    report('3,000 nodes', { convergedMs, realMs, cpuMs });
    expect(cpuMs).toBeLessThan(CPU_MS_MAX);
  });

  function report(what: string, figures: Readonly<Record<string, number>>): void {
    const { entries, diskBytes } = mesh.stats();
    const rounded = Object.entries(figures).map(([name, ms]) => `${name} ${Math.round(ms)}`);
    const rssMb = Math.round(process.memoryUsage.rss() / 1e6);
    console.log(
      `${what}: ${rounded.join(', ')}, ${entries} entries held, ${diskBytes} bytes, ${rssMb} MB resident`,
    );
  }
});
