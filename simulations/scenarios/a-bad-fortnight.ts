import { SeededRandom } from '../world/seeded-random.ts';
import type { SimulatedMesh } from '../world/simulated-mesh.ts';
import { randomGeometric } from '../world/topology.ts';
import { endFaults, faultsOff } from './faults-off.ts';
import { FieldTraffic } from './field-traffic.ts';
import { really } from './really.ts';
import type { Scenario } from './scenario.ts';

const ROUNDS = 40;
/** Half of the rounds end in a pause of up to so long: that makes about fourteen days in all. */
const PAUSE_MS_MAX = 34 * 3_600_000;

/** All that can befall links, disks and clocks of honest nodes, as chance has it: each seed is another story. The one to run with hundreds of seeds. */
export const aBadFortnight: Scenario = {
  name: 'a-bad-fortnight',
  summary:
    'Partitions, one-way links, crashes, torn, full and dying disks, wiped cards, restored backups, clones and wrong clocks as chance has it.',
  durationText: 'about 14 days',
  overlays: ['model'],
  async run(context) {
    const random = new SeededRandom(`${context.seed} bad fortnight`);
    const mesh = await context.mesh({
      nodes: context.nodes ?? 4 + random.below(5),
      topology: randomGeometric({ radius: 0.45 }),
      channels: [{ name: 'alarm', filter: 'alarm/#' }],
      link: {
        latencyMs: 5 + random.below(100),
        jitterMs: random.below(60),
        bytesPerSecond: 5_000 + random.below(100_000),
      },
      all: { diskLatency: { syncMs: random.below(20) }, mesh: { sync: { helloIntervalMs: 3_600_000 } } },
    });
    const traffic = new FieldTraffic(mesh);
    mesh.subscribeAll('#', { from: 'all', durable: 'app' });
    const misfortune = new Misfortune(mesh, random);
    for (let round = 0; round < ROUNDS; round++) {
      await misfortune.strike();
      const names = random.shuffle(mesh.nodes.map(({ name }) => name));
      await traffic.keepTalking(names.slice(0, 1 + random.below(names.length)), {
        rounds: 1 + random.below(6),
        everyMs: 1 + random.below(random.below(3) === 0 ? 600_000 : 4_000),
        ...(random.below(4) === 0 ? { topic: 'alarm/door' } : {}),
      });
      await mesh.advance(random.below(2) === 0 ? random.below(8_000) : random.below(PAUSE_MS_MAX));
    }
    really(misfortune.struck > ROUNDS / 2, 'misfortunes happen');
    // At last somebody finds the copies and takes them away: a peer takes two hosts with one key for one.
    const copies = mesh.nodes.map(({ name }) => name).filter((name) => name.startsWith('copy-'));
    for (const copy of copies) if (mesh.node(copy).running) await mesh.shutdown(copy);
    await endFaults(mesh, copies);
    await mesh.advance('5m');
    await faultsOff(mesh, traffic, { within: '10m', rest: false, except: copies });
  },
};

/** Does one bad thing after the other. */
class Misfortune {
  readonly #mesh: SimulatedMesh;
  readonly #random: SeededRandom;
  readonly #backups = new Map<string, ReturnType<SimulatedMesh['backup']>>();
  #clones = 0;
  struck = 0;

  constructor(mesh: SimulatedMesh, random: SeededRandom) {
    this.#mesh = mesh;
    this.#random = random;
  }

  /** A node without power has no power; disks do not stay full for weeks. */
  async #endTheDead(): Promise<void> {
    for (const { name, running, disk } of this.#mesh.nodes) {
      if (running && disk.dead) await this.#mesh.crash(name, { disk: 'torn' });
      if (this.#random.below(6) === 0) disk.capacityBytes = Number.POSITIVE_INFINITY;
    }
  }

  async strike(): Promise<void> {
    const mesh = this.#mesh;
    const random = this.#random;
    const names = mesh.nodes.map(({ name }) => name);
    const one = names[random.below(names.length)]!;
    const node = mesh.node(one);
    const pairs = [...mesh.links.pairs()];
    const [a, b] = pairs[random.below(pairs.length)]!;
    this.struck++;
    await this.#endTheDead();
    switch (random.below(18)) {
      case 0:
      case 1: {
        const groups = random.shuffle(names);
        const at = 1 + random.below(names.length - 1);
        mesh.partition([groups.slice(0, at), groups.slice(at)], { silent: random.below(2) === 0 });
        return;
      }
      case 2:
      case 3:
        mesh.heal();
        return;
      case 4:
        mesh.cut(a, b);
        return;
      case 5:
        mesh.oneWay(a, b);
        return;
      case 6:
        mesh.mend(a, b);
        return;
      case 7:
      case 8:
      case 9:
        if (node.running)
          await mesh.crash(one, { disk: (['keep', 'lose-unsynced', 'torn'] as const)[random.below(3)]! });
        return;
      case 10:
      case 11:
        for (const name of names) if (!mesh.node(name).running) await mesh.restart(name);
        return;
      case 12:
        node.disk.capacityBytes = node.disk.usedBytes + random.below(4_000);
        return;
      case 13:
        node.disk.capacityBytes = Number.POSITIVE_INFINITY;
        return;
      case 14:
        if (node.running) node.disk.dieAfter(random.below(50));
        return;
      case 15:
        node.clock.jump((random.next() - 0.5) * 20 * 365 * 86_400_000);
        return;
      case 16:
        if (this.#backups.has(one)) await mesh.restore(one, this.#backups.get(one)!);
        else if (random.below(2) === 0) this.#backups.set(one, mesh.backup(one));
        else if (random.below(3) === 0) await mesh.wipe(one);
        return;
      default:
        if (this.#clones < 1 && random.below(3) === 0) await mesh.clone(one, `copy-${++this.#clones}`);
    }
  }
}
