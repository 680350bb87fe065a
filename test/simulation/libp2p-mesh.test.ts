import { afterEach, describe, expect, it } from 'vitest';
import { line, randomLinks, ring, SimulatedMesh } from '../../simulations/index.ts';

/** Some fifteen seconds of processor time, however long a machine that is busy takes for that. */
const HOUR_REAL_MS = 600_000;

describe('a simulated mesh on libp2p', () => {
  let mesh: SimulatedMesh | null = null;

  afterEach(() => mesh?.stop());

  it('delivers what is published at any node to all, at the speed of its links', async () => {
    mesh = await SimulatedMesh.create({
      nodes: 5,
      topology: ring(),
      overlay: 'libp2p',
      link: { latencyMs: 20 },
    });
    expect(mesh.overlay).toBe('libp2p');
    mesh.subscribeAll('site/#');
    await mesh.node('n1').publish('site/temp', '21.5');
    await mesh.advance('1s');
    mesh.assertDelivered();
    const delayMs = (name: string) =>
      Math.round(mesh!.history.find(({ node, event }) => node === name && event === 'delivery')!.t * 1_000);
    expect(['n1', 'n2', 'n3', 'n4', 'n5'].map(delayMs)).toEqual([0, 20, 40, 40, 20]);
  });

  it('catches up after a partition, a crash and a black hole', async () => {
    mesh = await SimulatedMesh.create({ nodes: 5, topology: line(), overlay: 'libp2p', seed: 7 });
    mesh.subscribeAll('site/#');
    mesh.partition([
      ['n1', 'n2'],
      ['n3', 'n4', 'n5'],
    ]);
    await mesh.node('n1').publish('site/a', 'in one half');
    await mesh.node('n5').publish('site/b', 'in the other');
    await mesh.crash('n4', { disk: 'torn' });
    await mesh.advance('1m');
    await mesh.restart('n4');
    mesh.heal();
    await mesh.converged({ within: '1m' });
    mesh.blackHole('n2', 'n3');
    await mesh.node('n3').publish('site/c', 'into the hole');
    await mesh.advance('30s');
    expect(mesh.history.filter(({ event, node }) => event === 'down' && node === 'n2').length).toBe(2);
    mesh.heal();
    await mesh.converged({ within: '1m' });
    mesh.assertNothingLost();
  });

  it('takes two cards with one key for two nodes', async () => {
    mesh = await SimulatedMesh.create({ nodes: 3, topology: ring(), overlay: 'libp2p' });
    mesh.subscribeAll('#');
    await mesh.clone('n2', 'copy');
    await mesh.node('n1').publish('site/a', '1');
    await mesh.advance('1m');
    expect(mesh.node('copy').running).toBe(true);
    // They take turns at n3, which both of them dial, and do not throw each other out all the time.
    const ups = mesh.history.filter(({ event, node }) => event === 'up' && ['n2', 'copy'].includes(node));
    expect(ups.length).toBeGreaterThan(4);
    expect(ups.length).toBeLessThan(40);
    mesh.assertDelivered({ to: ['n1', 'n2', 'n3'] });
  });

  it('runs an hour of 20 nodes with a message every thirty seconds', { timeout: HOUR_REAL_MS }, async () => {
    mesh = await SimulatedMesh.create({
      nodes: 20,
      topology: randomLinks({ degree: 6 }),
      overlay: 'libp2p',
      link: { latencyMs: 20, jitterMs: 10 },
      keepHistory: false,
    });
    mesh.subscribeAll('site/#');
    for (let message = 0; message < 120; message++) {
      await mesh.nodes[message % 20]!.publish('site/hour', String(message));
      await mesh.advance('30s');
    }
    await mesh.advance('1s');
    mesh.assertNothingLost();
    expect(mesh.sinceReadyMs).toBeGreaterThan(3_600_000);
  });
});
