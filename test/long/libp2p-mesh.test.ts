import { afterEach, describe, expect, it } from 'vitest';
import { randomLinks, SimulatedMesh } from '../../simulations/index.ts';

/** Of processor time, all threads together: what else the machine does must not decide. */
const CPU_MS_MAX = 240_000;
/** Heap and buffers of a node with six peers that knows 300 others. */
const NODE_BYTES_MAX = 6_000_000;

describe('the libp2p overlay', () => {
  let mesh: SimulatedMesh;

  afterEach(() => mesh.stop());

  it('runs 300 nodes that all know each other, through a cut of ten of them', async () => {
    const before = process.cpuUsage();
    mesh = await SimulatedMesh.create({
      nodes: 300,
      topology: randomLinks({ degree: 6 }),
      overlay: 'libp2p',
      seed: 1,
      keepHistory: false,
      link: { latencyMs: 20, jitterMs: 10 },
    });
    mesh.subscribeAll();
    const names = mesh.nodes.map(({ name }) => name);
    mesh.partition([names.slice(0, 10)], { silent: true });
    for (let second = 0; second < 60; second++) {
      await mesh.node(names[(second * 7) % 300]!).publish('site/reading', `${second}`);
      await mesh.advance('1s');
    }
    mesh.heal();
    const convergedMs = await mesh.converged({ within: '5m' });
    mesh.assertNothingLost();
    const { user, system } = process.cpuUsage(before);
    const cpuMs = (user + system) / 1_000;
    const { heapBytes, bufferBytes } = mesh.stats();
    const nodeBytes = Math.round((heapBytes + bufferBytes) / 300);
    console.log(
      `300 nodes on libp2p: ${JSON.stringify({ convergedMs, cpuMs: Math.round(cpuMs), nodeBytes })}`,
    );
    expect(cpuMs).toBeLessThan(CPU_MS_MAX);
    expect(nodeBytes).toBeLessThan(NODE_BYTES_MAX);
  });
});
