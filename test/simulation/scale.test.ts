import { describe, expect, it } from 'vitest';
import { runScale } from '../../simulations/scale/run-scale.ts';
import type { ScaleRow } from '../../simulations/scale/scale-row.ts';

const PLAN = { both: [4, 8], model: [12], seed: 1, publishers: 4, messages: 5, missed: 5 };

describe('the scale measurement', () => {
  it('measures every size on its overlays, and tells how far it is', async () => {
    const phases: string[] = [];
    const told: ScaleRow[] = [];
    const rows = await runScale(PLAN, {
      onProgress: ({ overlay, nodes }, phase) => phases.push(`${overlay} ${nodes} ${phase}`),
      onRow: (row) => told.push(row),
    });
    expect(rows.map(({ nodes, overlay }) => `${nodes} ${overlay}`)).toEqual([
      '4 libp2p',
      '4 model',
      '8 libp2p',
      '8 model',
      '12 model',
    ]);
    expect(told).toHaveLength(rows.length);
    expect(phases).toContain('libp2p 8 catching up');
    for (const row of rows) {
      expect(row.undelivered, `${row.nodes} ${row.overlay}`).toBe(0);
      expect(row.deliveries).toBe(PLAN.messages * (row.nodes - 1));
      // One link at least, with its jitter; two hops at most in meshes this small.
      expect(row.delayP50Ms).toBeGreaterThanOrEqual(20);
      expect(row.delayP99Ms).toBeLessThan(150);
      expect(row.gossipBytesPerMessagePerNode).toBeGreaterThan(200);
      expect(row.gossipBytesPerMessagePerNode).toBeLessThan(3_000);
      expect(row.syncBytesPerNodePerMinute).toBeGreaterThan(100);
      expect(row.catchUpBytesPerMessage).toBeGreaterThan(100);
      expect(row.memoryBytesPerNode).toBeGreaterThan(10_000);
      expect(row.connectionBytesPerNodePerMinute > 0).toBe(row.overlay === 'libp2p');
    }
  });

  it('gives the same traffic and delays for the same seed on the model', async () => {
    const plan = { ...PLAN, both: [], model: [6] };
    const [[first], [second]] = [await runScale(plan), await runScale(plan)];
    const figures = ({
      memoryBytesPerNode: _,
      authorMemoryBytesPerNode: __,
      cpuSeconds: ___,
      ...rest
    }: ScaleRow) => rest;
    expect(figures(second!)).toEqual(figures(first!));
  });

  it('ends where it is told to', async () => {
    const abort = new AbortController();
    const running = runScale(PLAN, { signal: abort.signal, onProgress: () => abort.abort() });
    await expect(running).rejects.toThrow(/abort/i);
  });

  it('says what a measuring process said that failed', async () => {
    const running = runScale({ ...PLAN, both: [], model: [1] });
    await expect(running).rejects.toMatchObject({ code: 'simulation.failed' });
  });
});
