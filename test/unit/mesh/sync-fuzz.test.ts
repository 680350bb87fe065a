import { afterEach, describe, expect, it } from 'vitest';
import { MemoryDisk } from '../../../src/journal/index.ts';
import { seededRandom } from '../journal/journal-world.ts';
import { MeshWorld, until, type WorldNode } from './mesh-world.ts';

const FAST = { sync: { helloIntervalMs: 200, pullStallMs: 2_000 } };
const NAMES = ['a', 'b', 'c', 'd'];

/**
 * What nodes remember of each other (cursors, settled roots) must never hide from them what another holds, whatever
 * was lost, damaged, wiped or cut in between.
 */
describe('nodes that lose, forget, meet and part at random', () => {
  let world: MeshWorld;

  afterEach(() => world.stop());

  it.each([1, 2, 3])(
    'come to hold the same in the end (%i)',
    async () => {
      const seed = Math.floor(Math.random() * 2 ** 32);
      console.log(`seed ${seed}`);
      const random = seededRandom(seed);
      const below = (end: number) => Math.floor(random() * end);
      world = new MeshWorld({ channels: [{ name: 'bulk', filter: 'bulk/#' }] });
      const nodes: WorldNode[] = [];
      for (const name of NAMES) nodes.push(await world.node(name, FAST));
      for (const [at, node] of nodes.entries()) for (const other of nodes.slice(at + 1)) node.want(other);
      const pick = () => nodes[below(nodes.length)]!;
      let published = 0;
      const did: string[] = [];

      const acts: Record<string, () => Promise<void>> = {
        publish: async () => {
          const node = pick();
          const topic = below(3) === 0 ? 'bulk/t' : 't';
          const messages = Array.from({ length: 1 + below(30) }, () => ({
            topic,
            payload: String(published++),
          }));
          if (below(2) === 0) await node.mesh.publishMany(messages, 'accepted');
          else
            for (const { payload } of messages) await node.mesh.publish(topic, payload, { ack: 'accepted' });
        },
        cut: async () => world.cut(pick(), pick()),
        heal: async () => world.heal(pick(), pick()),
        gossip: async () => {
          const lost = random();
          world.network.passGossip = () => random() >= lost;
        },
        wait: async () => {
          await new Promise((resolve) => setTimeout(resolve, below(150)));
        },
        restart: async () => pick().restart(),
        crash: async () => {
          const node = pick();
          await node.crash({ keepUnsynced: (['none', 'all', 'random'] as const)[below(3)]!, random });
          await node.revive();
        },
        damage: async () => {
          const node = pick();
          await node.stop();
          for (const path of await segmentsOf(node)) {
            const { size } = node.memoryDisk.file(path);
            if (size > 100 && below(3) === 0) node.memoryDisk.flip(path, 60 + below(size - 60));
          }
          await node.restart();
        },
        wipe: async () => {
          const node = pick();
          await node.stop();
          node.disk = new MemoryDisk();
          await node.restart();
        },
      };
      const often = ['publish', 'publish', 'publish', 'cut', 'heal', 'heal', 'wait', 'wait', 'gossip'];
      const names = [...often, 'restart', 'crash', 'crash', 'damage', 'wipe'];
      for (let round = 0; round < 60; round++) {
        const name = names[below(names.length)]!;
        did.push(name);
        await acts[name]!();
      }
      world.network.passGossip = () => true;
      for (const one of nodes) for (const other of nodes) if (one !== other) world.heal(one, other);
      const same = () => new Set(nodes.map(holdings)).size === 1;
      const inSync = () =>
        nodes.every((node) => {
          const peers = node.mesh.peers().filter(({ connected }) => connected);
          return peers.length === NAMES.length - 1 && peers.every(({ sync }) => sync === 'in-sync');
        });
      await until(() => same() && inSync(), `all hold the same (seed ${seed})`, 30_000).catch((error) => {
        console.log(did.join(' '), nodes.map(holdings));
        throw error;
      });
      expect(JSON.parse(holdings(nodes[0]!)).length).toBeGreaterThan(0);
    },
    90_000,
  );
});

/** What a node holds, as a text to compare. */
function holdings(node: WorldNode): string {
  const rows = node.mesh
    .logs()
    .map(({ channel, author, epoch, last, held, missing }) => [channel, author, epoch, last, held, missing]);
  return JSON.stringify(rows.sort((a, b) => (String(a) < String(b) ? -1 : 1)));
}

async function segmentsOf(node: WorldNode): Promise<string[]> {
  const found: string[] = [];
  const root = `${node.place.directory}/journal`;
  for (const directory of await node.disk.list(root))
    for (const name of await node.disk.list(`${root}/${directory}`))
      if (name.endsWith('.segment')) found.push(`${root}/${directory}/${name}`);
  return found;
}
