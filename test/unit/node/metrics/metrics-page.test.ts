import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { LABEL_LIMITS, LabelBudget } from '../../../../node/metrics/label-budget.ts';
import { METRIC_TABLE } from '../../../../node/metrics/metric-table.ts';
import { MetricsPage } from '../../../../node/metrics/metrics-page.ts';
import { describeWith } from '../../../firmware/toolchain.ts';
import { busyNode, names } from './busy-node.ts';

const SERIES_MAX = 1_000;
const SERIES_MOST = 1_300;
const DOCS = readFileSync(fileURLToPath(new URL('../../../../docs/metrics.md', import.meta.url)), 'utf8');

async function seriesOf(size: Parameters<typeof busyNode>[0]): Promise<string[]> {
  const text = await new MetricsPage(busyNode(size)).render();
  return text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
}

function valueIn(series: readonly string[], name: string): number {
  return Number(
    series
      .find((line) => line.startsWith(`${name} `))!
      .split(' ')
      .at(-1),
  );
}

describe('the page of metrics', () => {
  it('has at most 1,000 series on a node with 20 peers and 10 channels, all parts on and all behind', async () => {
    const series = await seriesOf({ peers: 20, channels: 10 });
    expect(series.length).toBeLessThanOrEqual(SERIES_MAX);
    expect(valueIn(series, 'sedge_metrics_series')).toBe(series.length);
    expect(new Set(series.map((line) => line.replace(/ \S+$/, ''))).size).toBe(series.length);
  });

  it('has at most 1,300 however many peers, channels, devices, bridges and codes there are', async () => {
    const size = { peers: 200, channels: 150, devices: 200, bridges: 60, codes: 200 };
    expect((await seriesOf(size)).length).toBeLessThanOrEqual(SERIES_MOST);
  });

  it('loses nothing of what shares a series', async () => {
    const series = await seriesOf({ peers: 100, channels: 100 });
    const sumOf = (start: string) =>
      series
        .filter((line) => line.startsWith(start))
        .reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
    expect(sumOf('sedge_messages_received_total{')).toBe(102 * 2);
    expect(sumOf('sedge_sync_backlog_messages{')).toBe((100 * (102 * 103)) / 2);
    expect(sumOf('sedge_overlay_peer_up{')).toBe(100);
    expect(valueIn(series, 'sedge_metrics_overflow{label="channel"}')).toBe(102 - LABEL_LIMITS.channel);
  });

  it('tells namesakes apart', async () => {
    const parts = busyNode({ peers: 3, channels: 1 }, (peer) => ({ ...peer, name: 'pi' }));
    const text = await new MetricsPage(parts).render();
    expect(text).toContain('sedge_overlay_peer_up{peer="pi 00000000"} 1');
    expect(text).toContain('sedge_overlay_peer_up{peer="pi 00000002"} 1');
  });

  it('leaves out what is not known instead of saying 0', async () => {
    const unknown = { latencyMs: null, heardAtMs: null, channels: [] };
    const parts = busyNode({ peers: 1, channels: 1 }, (peer) => ({ ...peer, ...unknown }));
    const text = await new MetricsPage({ ...parts, mqtt: null, alerts: null }).render();
    expect(text).toContain('sedge_overlay_peer_up');
    expect(text).not.toMatch(
      /^(sedge_overlay_peer_latency|sedge_sync_backlog|sedge_mqtt_conn|sedge_alerts)/m,
    );
  });

  it('has every metric of its table, and docs/metrics.md has the same', async () => {
    const text = (await seriesOf({ peers: 2, channels: 2 })).join('\n');
    const given = new Set([...text.matchAll(/^(\w+)[{ ]/gm)].map(([, name]) => name));
    // Only an eMMC says how worn it is, and a rate needs time.
    const missing = Object.keys(METRIC_TABLE).filter((name) => !given.has(name));
    const mayMiss = ['sedge_card_worn_ratio', 'sedge_card_remaining_seconds', 'sedge_problems'];
    expect(missing.filter((name) => !mayMiss.includes(name))).toEqual([]);
    const rows = [...DOCS.matchAll(/^\| `(\w+)` *\| (\w+) *\| ([^|]*?) *\| ([^|]*?) *\|$/gm)];
    const documented = Object.fromEntries(
      rows.map(([, name, kind, labels, help]) => [
        name!,
        { kind, labels: labels!.replaceAll(/[` ]/g, '').split(',').filter(Boolean), help },
      ]),
    );
    const table = Object.fromEntries(
      Object.entries(METRIC_TABLE).map(([name, { kind, labels, help }]) => [
        name,
        { kind, labels: [...labels], help },
      ]),
    );
    expect(documented).toEqual(table);
  });
});

describe('places of labels', () => {
  it('are kept while their value is there, so that a counter stays in its series', () => {
    const budget = new LabelBudget();
    const first = budget.place('bridge', names('bridge', 20));
    expect(first('bridge-0')).toBe('bridge-0');
    expect(first('bridge-19')).toBe('other');
    const reversed = budget.place('bridge', names('bridge', 20).reverse());
    expect(reversed('bridge-0')).toBe('bridge-0');
    const less = budget.place('bridge', names('bridge', 20).slice(1));
    expect(less('bridge-8')).toBe('bridge-8');
    expect(less('bridge-19')).toBe('other');
    expect(budget.overflow().get('bridge')).toBe(19 - LABEL_LIMITS.bridge);
  });
});

describeWith(['prometheus'], 'promtool', () => {
  it('has nothing to say against the page', async () => {
    const page = await new MetricsPage(busyNode({ peers: 30, channels: 20 })).render();
    const { status, stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], {
      input: page,
      encoding: 'utf8',
    });
    expect(`${stdout}${stderr}`).toBe('');
    expect(status).toBe(0);
  });
});
