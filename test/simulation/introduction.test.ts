import { afterEach, describe, expect, it } from 'vitest';
import { line, SimulatedMesh } from '../../simulations/index.ts';

describe('a realm whose nodes introduce themselves when they publish', () => {
  let mesh: SimulatedMesh | null = null;

  afterEach(() => mesh?.stop());

  async function quietLine(): Promise<void> {
    mesh = await SimulatedMesh.create({
      names: ['root', 'relay', 'mute', 'sensor'],
      topology: line(),
      all: { mesh: { introduce: 'publish' } },
    });
    mesh.subscribeAll('site/#');
  }

  const known = (name: string) =>
    mesh!
      .node(name)
      .mesh.realm()
      .nodes.map((node) => node.name)
      .sort();

  it('knows an admin everywhere, and others at their peers alone, until they publish', async () => {
    await quietLine();
    expect(known('sensor')).toEqual(['mute', 'root', 'sensor']);
    expect(known('root')).toEqual(['relay', 'root']);
    await mesh!.node('sensor').publish('site/temp', '21.5');
    await mesh!.advance('1s');
    expect(known('root')).toEqual(['relay', 'root', 'sensor']);
    mesh!.assertNothingLost();
  });

  it('delivers everything in order where many messages are published at once before that', async () => {
    await quietLine();
    const { mesh: sensor } = mesh!.node('sensor');
    const publishing = Promise.all([1, 2, 3].map((text) => sensor.publish('site/temp', String(text))));
    const published = await mesh!.clock.settle(publishing);
    expect(published.map(({ seq }) => seq)).toEqual([1, 2, 3]);
    await mesh!.advance('1s');
    expect(mesh!.node('root').subscriptions[0]!.received).toBe(3);
  });

  it('introduces a node once in the life of its log', async () => {
    await quietLine();
    await mesh!.node('sensor').publish('site/temp', '1');
    await mesh!.restart('sensor');
    await mesh!.node('sensor').publish('site/temp', '2');
    await mesh!.advance('1m');
    const grants = mesh!
      .node('root')
      .logs()
      .filter(({ channel }) => channel === '$realm');
    expect(grants.map(({ author }) => mesh!.nameOf(author)).sort()).toEqual(['root', 'sensor']);
    expect(grants.find(({ author }) => mesh!.nameOf(author) === 'sensor')).toMatchObject({ held: 1 });
    mesh!.assertNothingLost();
  });
});
