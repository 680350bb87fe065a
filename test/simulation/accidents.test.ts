import { afterEach, describe, expect, it } from 'vitest';
import {
  type HistoryEvent,
  line,
  ring,
  SimulatedMesh,
  type SimulatedMeshOptions,
  star,
} from '../../simulations/index.ts';

/** Hellos apart: what is tested must not hang on them. */
const QUIET = { mesh: { sync: { helloIntervalMs: 3_600_000 } } } as const;

describe('in a simulated mesh', () => {
  let mesh: SimulatedMesh;

  afterEach(() => mesh.stop());

  async function make(options: SimulatedMeshOptions): Promise<SimulatedMesh> {
    mesh = await SimulatedMesh.create({ all: QUIET, ...options });
    return mesh;
  }

  function events(...kinds: HistoryEvent['event'][]): string[] {
    return mesh.history
      .filter(({ event }) => kinds.includes(event))
      .map(({ t, event, node, peer = '' }) => `${t.toFixed(1)} ${event} ${node} ${peer}`.trim());
  }

  it('names nodes, links and events as they are told', async () => {
    await make({ names: ['farm', 'ferry', 'harbour'], topology: line() });
    expect(events('up')).toEqual([
      '0.0 up farm ferry',
      '0.0 up ferry farm',
      '0.0 up ferry harbour',
      '0.0 up harbour ferry',
    ]);
    mesh.cut('farm', 'ferry');
    await mesh.advance('10s');
    mesh.mend('farm', 'ferry');
    await mesh.advance('5s');
    expect(events('cut', 'down', 'mend')).toEqual([
      '0.0 cut farm ferry',
      '0.0 down farm ferry',
      '0.0 down ferry farm',
      '10.0 mend farm ferry',
    ]);
    expect(mesh.history.filter(({ t, event }) => event === 'up' && t > 10 && t < 12)).toHaveLength(2);
    expect(() => mesh.node('n1')).toThrow(expect.objectContaining({ code: 'simulation.unknown-node' }));
    expect(() => mesh.partition([['farm', 'nowhere']])).toThrow('nowhere');
    await expect(mesh.addNode('ferry')).rejects.toThrow('the name is taken');
  });

  it('a black hole is noticed late, a cut at once, and a silence that ends in time never', async () => {
    await make({ nodes: 2, topology: line() });
    mesh.blackHole('n1', 'n2');
    await mesh.advance('5s');
    mesh.heal();
    await mesh.advance('1m');
    expect(events('down')).toEqual([]);
    mesh.blackHole('n1', 'n2');
    await mesh.advance('7s');
    expect(events('down')).toEqual([]);
    await mesh.advance('6s');
    expect(events('down')).toHaveLength(2);
  });

  it('a one-way link carries nothing once it is noticed, and all after it is mended', async () => {
    await make({ nodes: 2, topology: line() });
    mesh.subscribeAll('#', { from: 'all' });
    mesh.oneWay('n1', 'n2');
    await mesh.node('n1').publish('site/a', 'passes still');
    await mesh.node('n2').publish('site/b', 'vanishes');
    await mesh.advance('1s');
    const got = () =>
      mesh.history.filter(({ event }) => event === 'delivery').map(({ node, author }) => `${author}>${node}`);
    expect(got().sort()).toEqual(['n1>n1', 'n1>n2', 'n2>n2']);
    await mesh.advance('1m');
    expect(events('down')).toHaveLength(2);
    mesh.mend('n1', 'n2');
    await mesh.converged({ within: '10s' });
    mesh.assertNothingLost();
  });

  it('what a power cut takes is had again from a neighbour, and what was durable stays', async () => {
    await make({ nodes: 3, topology: line() });
    for (const node of mesh.nodes) node.subscribe('#', { durable: 'app', from: 'all' });
    for (let round = 0; round < 5; round++) {
      await mesh.node('n2').publish('site/x', `${round}`);
      await mesh.node('n1').publish('site/y', `${round}`);
      await mesh.crash('n2', { disk: round % 2 === 0 ? 'torn' : 'lose-unsynced' });
      await mesh.advance('1m');
      await mesh.restart('n2');
      await mesh.converged();
    }
    mesh.assertNothingLost();
    const keys = mesh.history
      .filter(({ event, again }) => event === 'delivery' && again !== true)
      .map(({ node, author, channel, epoch, seq }) => `${node} ${author} ${channel} ${epoch} ${seq}`);
    expect(new Set(keys).size).toBe(keys.length);
  });

  it('a killed process is missed at once, a power cut after a while', async () => {
    await make({ nodes: 3, topology: star() });
    await mesh.crash('n2', { disk: 'keep' });
    await mesh.crash('n3', { disk: 'lose-unsynced' });
    await mesh.advance('1s');
    expect(events('down')).toEqual(['0.0 down n1 n2']);
    await mesh.advance('15s');
    expect(events('down')).toHaveLength(2);
    await expect(mesh.node('n2').publish('site/x', '')).rejects.toMatchObject({
      code: 'simulation.not-running',
    });
    await mesh.restart('n2');
    await mesh.restart('n3');
    await mesh.converged();
    expect(mesh.stats()).toMatchObject({ nodes: 3, running: 3 });
  });

  it('a relay that only syncs carries what it never heard live', async () => {
    // Nobody tells a neighbour that hears no gossip of a live message but the next hello.
    await make({ nodes: 3, topology: line(), all: {}, node: { n2: { role: 'sync-only' } } });
    mesh.subscribeAll();
    await mesh.node('n1').publish('site/x', 'past the relay');
    await mesh.converged();
    mesh.assertNothingLost();
    expect(mesh.network.trafficOf('n1', 'n2').gossip).toBeUndefined();
  });

  it('wrong clocks change nothing', async () => {
    await make({
      nodes: 3,
      topology: ring(),
      node: { n2: { ...QUIET, clock: { startMs: 0 } }, n3: { ...QUIET, clock: { driftPpm: 200 } } },
    });
    mesh.subscribeAll();
    expect(mesh.node('n2').clock.nowMs()).toBeLessThan(3_600_000);
    await mesh.advance('1d');
    expect(mesh.node('n3').clock.nowMs() - mesh.clock.nowMs).toBe(17_280);
    for (const node of mesh.nodes) await node.publish('site/x', node.name);
    mesh.node('n1').clock.jump(-10 * 365 * 86_400_000);
    for (const node of mesh.nodes) await node.publish('site/x', node.name);
    await mesh.converged();
    mesh.assertNothingLost();
  });

  it('a wiped node has all again, its own log included', async () => {
    await make({ nodes: 3, topology: line() });
    mesh.subscribeAll('#', { from: 'all' });
    for (let index = 0; index < 20; index++) await mesh.node('n3').publish('site/x', `${index}`);
    await mesh.converged();
    const before = mesh.node('n3').logs().length;
    await mesh.wipe('n3');
    await mesh.node('n3').publish('site/x', 'after');
    await mesh.converged();
    expect(mesh.node('n3').logs().length).toBeGreaterThan(before);
    mesh.assertNothingLost();
  });

  it('a backup is put back, and nothing that others hold is lost', async () => {
    await make({ nodes: 3, topology: ring() });
    await mesh.node('n1').publish('site/x', 'before');
    const backup = mesh.backup('n1');
    for (let index = 0; index < 5; index++) await mesh.node('n1').publish('site/x', `${index}`);
    await mesh.advance('1m');
    await mesh.restore('n1', backup);
    await mesh.node('n1').publish('site/x', 'after');
    await mesh.converged();
    mesh.assertNothingLost();
  });

  it('a clone has the key and the disk of its original', async () => {
    await make({ nodes: 3, topology: line() });
    await mesh.node('n1').publish('site/x', 'before');
    const clone = await mesh.clone('n1', 'n1b', { links: ['n3'] });
    expect(clone.id).toBe(mesh.node('n1').id);
    await mesh.advance('1m');
    expect(clone.logs().find(({ channel }) => channel === 'main')?.last).toBe(1);
    expect(mesh.nameOf(clone.id)).toBe('n1');
  });

  it('a node that comes later has what was before, and a full disk takes no more', async () => {
    await make({ nodes: 2, topology: line() });
    await mesh.node('n1').publish('site/x', 'before');
    const late = await mesh.addNode('late', { ...QUIET, links: ['n2'] });
    late.subscribe('#', { from: 'all' });
    await mesh.converged();
    mesh.assertDelivered({ to: ['late'] });
    late.disk.capacityBytes = late.disk.usedBytes;
    await expect(late.publish('site/y', 'too much')).rejects.toMatchObject({ code: 'journal.disk-full' });
  });

  it('nodes of different retention converge, and what one let go is not waited for', async () => {
    const short = { mesh: { ...QUIET.mesh, retention: { main: { retentionMessages: 20 } } } };
    await make({ names: ['n1', 'n3', 'n2'], topology: line(), node: { n2: short } });
    mesh.subscribeAll('#', { from: 'all' });
    for (let index = 0; index < 60; index++) {
      await mesh.node(index % 2 === 0 ? 'n1' : 'n3').publish('site/x', new Uint8Array(10_000));
      await mesh.advance('1m');
    }
    await mesh.advance('1h');
    mesh.cut('n1', 'n3');
    for (let index = 0; index < 30; index++) await mesh.node('n3').publish('site/x', new Uint8Array(10_000));
    await mesh.advance('1h');
    mesh.mend('n1', 'n3');
    await mesh.converged();
    const held = (name: string) =>
      mesh
        .node(name)
        .logs()
        .reduce((sum, log) => sum + log.held, 0);
    expect(held('n2')).toBeLessThan(held('n3'));
  });

  it('a hostile host speaks as it likes, and is not waited for', async () => {
    await make({ nodes: 2, topology: line() });
    const heard: string[] = [];
    const { overlay, identity } = await mesh.hostile(
      'mallory',
      (raw) => raw.handle('/sedge/sync/1', (stream) => void heard.push(mesh.nameOf(stream.peer))),
      { links: ['n1'], stranger: true },
    );
    await mesh.advance('1m');
    expect(overlay.peers()[0]?.connected).toBe(true);
    expect(mesh.nameOf(identity.nodeId)).toBe('mallory');
    await mesh.node('n2').publish('site/x', 'unharmed');
    await mesh.converged();
    expect(mesh.differences()).toEqual([]);
  });

  it('says what nobody has any more', async () => {
    await make({ nodes: 2, topology: line() });
    mesh.cut('n1', 'n2');
    await mesh.node('n1').publish('site/x', 'on one disk alone');
    await mesh.wipe('n1');
    mesh.mend('n1', 'n2');
    await mesh.converged();
    expect(() => mesh.assertNothingLost()).toThrow('nobody that runs has 1 of n1 in main');
  });

  it('says who lacks what where nodes do not come together', async () => {
    await make({ nodes: 3, topology: line() });
    mesh.node('n3').disk.onOperation = ({ kind }) => {
      if (kind === 'write') throw Object.assign(new Error('ENOSPC'), { code: 'ENOSPC' });
    };
    await mesh.node('n1').publish('site/x', '1');
    await mesh.node('n1').publish('site/x', '2');
    await expect(mesh.converged({ within: '2m' })).rejects.toMatchObject({
      code: 'simulation.not-converged',
    });
    expect(mesh.differences().join('; ')).toMatch(/n3 (has|waits)/);
  });

  it('runs what is due at a time of the history, once each', async () => {
    await make({ nodes: 2, topology: line() });
    const at: number[] = [];
    for (const ms of [60_000, 30 * 86_400_000, 5]) mesh.at(ms, () => at.push(mesh.sinceReadyMs));
    mesh.at(90_000, () => void mesh.node('n1').publish('site/x', 'in time'));
    await mesh.advance('31d');
    expect(at).toEqual([5, 60_000, 30 * 86_400_000]);
    expect(mesh.published.map(({ atMs }) => Math.round(atMs))).toEqual([90_000]);
  });

  it('a slow link lets nothing get lost and takes its time', async () => {
    await make({ nodes: 2, topology: line(), link: { latencyMs: 100, bytesPerSecond: 1_000 } });
    mesh.subscribeAll();
    await mesh.node('n1').publish('site/x', new Uint8Array(10_000));
    await mesh.advance('5s');
    expect(() => mesh.assertDelivered({ to: ['n2'] })).toThrow('n2 was not delivered 1 of n1');
    await mesh.advance('10s');
    mesh.assertDelivered();
    mesh.setLink('n1', 'n2', { bytesPerSecond: Number.POSITIVE_INFINITY });
    await mesh.node('n1').publish('site/x', new Uint8Array(10_000));
    await mesh.advance('1s');
    mesh.assertDelivered();
  });
});
