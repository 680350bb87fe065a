import { afterEach, describe, expect, it } from 'vitest';
import { line, ring, SimulatedMesh } from '../../simulations/index.ts';

describe('a simulated mesh', () => {
  let mesh: SimulatedMesh | null = null;

  afterEach(() => mesh?.stop());

  it('delivers what is published at any node to all', async () => {
    mesh = await SimulatedMesh.create({ nodes: 5, topology: ring(), seed: 42 });
    mesh.subscribeAll('site/#');
    await mesh.node('n1').publish('site/temp', '21.5');
    await mesh.advance('1s');
    mesh.assertDelivered();
    const deliveries = mesh.history.filter(({ event }) => event === 'delivery');
    expect(deliveries.map(({ node }) => node).sort()).toEqual(['n1', 'n2', 'n3', 'n4', 'n5']);
    expect(deliveries[0]).toMatchObject({
      node: 'n1',
      author: 'n1',
      channel: 'main',
      seq: 1,
      topic: 'site/temp',
      late: false,
    });
  });

  it('is one at a time, and gives the timers back when it stops', async () => {
    const real = setTimeout;
    mesh = await SimulatedMesh.create({ nodes: 2 });
    expect(setTimeout).not.toBe(real);
    await expect(SimulatedMesh.create()).rejects.toMatchObject({ code: 'simulation.clock-taken' });
    await mesh.node('n1').publish('site/x', 'unharmed');
    await mesh.stop();
    expect(setTimeout).toBe(real);
    mesh = await SimulatedMesh.create({ nodes: 2 });
  });

  it('gives the timers back where it cannot begin', async () => {
    const real = setTimeout;
    const topology = () => [['n1', 'nobody']] as const;
    await expect(SimulatedMesh.create({ topology })).rejects.toThrow('nobody');
    expect(setTimeout).toBe(real);
  });

  it('catches up after a partition of a week', async () => {
    mesh = await SimulatedMesh.create({ nodes: 5, topology: line(), seed: 42 });
    mesh.subscribeAll('site/#');
    mesh.partition([
      ['n1', 'n2'],
      ['n3', 'n4', 'n5'],
    ]);
    for (let day = 0; day < 7; day++) {
      await mesh.node('n1').publish('site/a', `${day}`);
      await mesh.node('n5').publish('site/b', `${day}`);
      await mesh.advance('1d');
    }
    expect(() => mesh!.assertDelivered()).toThrow('n1 was not delivered 1 of n5 in main (site/b)');
    mesh.heal();
    await mesh.converged({ within: '1m' });
    mesh.assertNothingLost();
  });
});
