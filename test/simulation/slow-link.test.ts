import { afterEach, describe, expect, it } from 'vitest';
import { links, SimulatedMesh } from '../../simulations/index.ts';

const LINK = { latencyMs: 100, bytesPerSecond: 10_000 };

describe('sync over a link of 10 KB a second', () => {
  let mesh: SimulatedMesh;

  afterEach(() => mesh.stop());

  const deliveredAt = (topic: string) =>
    mesh.history.flatMap((event) => (event.event === 'delivery' && event.topic === topic ? [event.t] : []));

  it('lets alarms through while a minute of bulk is on its way', async () => {
    mesh = await SimulatedMesh.create({
      names: ['a', 'b'],
      topology: links([['a', 'b']]),
      channels: [
        { name: 'bulk', filter: 'bulk/#' },
        { name: 'alarm', filter: 'alarm/#' },
      ],
      link: LINK,
    });
    mesh.node('b').subscribe('#');
    mesh.partition([['a'], ['b']]);
    for (let n = 0; n < 400; n++) await mesh.node('a').publish('bulk/x', `${n}`.padEnd(1_000));
    mesh.heal();
    const healedAt = mesh.history.at(-1)!.t;
    await mesh.advance('20s');
    await mesh.node('a').publish('alarm/live', 'smoke');
    const publishedAt = mesh.history.findLast(({ event }) => event === 'publish')!.t;
    await mesh.advance('2m');
    const bulk = deliveredAt('bulk/x');
    expect(bulk).toHaveLength(400);
    // The line itself takes 46 seconds for so many bytes.
    expect(bulk.at(-1)! - healedAt).toBeLessThan(75);
    expect(deliveredAt('alarm/live')[0]! - publishedAt).toBeLessThan(5);
    expect(bulk.filter((t) => t > deliveredAt('alarm/live')[0]!).length).toBeGreaterThan(50);
  });

  it('brings an entry that takes longer than the patience with a silent peer', async () => {
    mesh = await SimulatedMesh.create({ names: ['a', 'b'], topology: links([['a', 'b']]), link: LINK });
    mesh.node('b').subscribe('#');
    await mesh.node('a').publish('t', 'x'.repeat(1_000_000));
    await mesh.advance('10m');
    expect(deliveredAt('t')).toHaveLength(1);
  });
});
