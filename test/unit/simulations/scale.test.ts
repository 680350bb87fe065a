import { describe, expect, it } from 'vitest';
import { DelayLog } from '../../../simulations/scale/delay-log.ts';
import { outlookText, scaleOutlook } from '../../../simulations/scale/scale-outlook.ts';
import { scalePlot } from '../../../simulations/scale/scale-plot.ts';
import type { ScaleRow } from '../../../simulations/scale/scale-row.ts';
import { scaleTable } from '../../../simulations/scale/scale-table.ts';

/** A row whose delays grow with the logarithm of its nodes. */
function row(overlay: ScaleRow['overlay'], nodes: number): ScaleRow {
  const slower = overlay === 'model' ? 1 : 2;
  return {
    overlay,
    nodes,
    seed: 1,
    publishers: 10,
    messages: 60,
    missed: 50,
    linksPerNode: 6,
    deliveries: 60 * (nodes - 1),
    undelivered: 0,
    gossipBytesPerMessagePerNode: overlay === 'model' ? 1_700 : 1_200,
    delayP50Ms: Math.round(10 * Math.log(nodes) * slower),
    delayP99Ms: Math.round(20 * Math.log(nodes) * slower),
    syncBytesPerNodePerMinute: 1_200,
    connectionBytesPerNodePerMinute: overlay === 'model' ? 0 : 3_000,
    introductionBytesPerNode: 3_000,
    authorMemoryBytesPerNode: 5_000,
    catchUpBytesPerMessage: 500,
    catchUpMs: 400,
    memoryBytesPerNode: 300 * 1024,
    virtualSeconds: 200,
    cpuSeconds: 10,
  };
}

const ROWS = [
  row('libp2p', 10),
  row('model', 10),
  row('libp2p', 300),
  row('model', 300),
  row('model', 3_000),
];

describe('scale figures', () => {
  it('are a table with a line a mesh', () => {
    const lines = scaleTable(ROWS).split('\n');
    expect(lines).toHaveLength(2 + ROWS.length);
    expect(new Set(lines.map((line) => line.length)).size).toBe(1);
    expect(lines.at(-1)).toMatch(/^\| 3,000 \| model {3}\| +1,700 \| +80 \| +160 \| +0 \| +1,200 \| +- \|/);
  });

  it('are drawn as one picture that needs nothing else', () => {
    const svg = scalePlot(ROWS);
    expect(svg).toMatch(/^<svg xmlns="http:\/\/www.w3.org\/2000\/svg" viewBox/);
    expect(svg).not.toMatch(/NaN|undefined|Infinity|href|url\(/);
    // Four panels, a point a row in each, two lines in the panel of delays; and one for each in the legend.
    expect(svg.match(/<circle/g)).toHaveLength(5 * ROWS.length + 2);
  });

  it('are drawn on to more nodes: delay with the logarithm and as on libp2p, traffic as it is', () => {
    const outlook = scaleOutlook(ROWS, 10_000);
    expect(outlook).toEqual({
      nodes: 10_000,
      gossipBytesPerSecond: 1_200,
      delayP50Ms: 184,
      delayP99Ms: 368,
      idleBytesPerSecond: 70,
      introductionBytes: 30_000_000,
      keptBytes: 50_000_000,
    });
    expect(outlookText(outlook)).toContain('at 99 of 100 after 368 ms');
  });

  it('take delays of deliveries to others, from publishing to the application', () => {
    const log = new DelayLog();
    const delivery = (node: string, topic: string, t: number) =>
      log.take({ event: 'delivery', node, author: 'n1', topic, t });
    log.published('early', 0);
    delivery('n2', 'early', 1);
    log.begin();
    log.published('a', 10);
    delivery('n1', 'a', 10);
    delivery('n2', 'a', 10.02);
    delivery('n3', 'a', 10.5);
    delivery('n3', 'unheard-of', 11);
    const { count, percentile } = log.end();
    expect(count).toBe(2);
    expect([percentile(0.5), percentile(0.99)].map(Math.round)).toEqual([20, 500]);
  });
});
