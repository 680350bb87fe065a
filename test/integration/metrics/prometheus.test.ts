import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { connectAgent } from '../../../node/control/client/index.ts';
import { describeWith } from '../../firmware/toolchain.ts';
import { Sedge } from '../cli/sedge-process.ts';
import { PrometheusProcess } from './prometheus-process.ts';

const RULES = fileURLToPath(new URL('../../../docs/prometheus/alerts.yml', import.meta.url));
const BOARD = JSON.parse(
  readFileSync(fileURLToPath(new URL('../../../docs/grafana/sedge.json', import.meta.url)), 'utf8'),
) as { panels: { title: string; targets?: { expr: string }[] }[] };
/** On a slow machine a scrape a second is one every few. */
const DATA_MS_MAX = 90_000;

const sedge = new Sedge();
const prometheus = new PrometheusProcess();
let gateway: string;
let url: string;
const startedAtMs = Date.now();

/**
 * A gateway with all its parts on: a peer that was there and is away, messages that it lacks and retention takes, a bridge to a
 * broker that is not there, a device that is known, requests that are refused.
 */
async function troubledFarm(): Promise<void> {
  gateway = await sedge.directory();
  const barn = await sedge.directory();
  await sedge.run(gateway, ['init', 'farm', '--name', 'gateway']);
  const bridge = { name: 'cloud', url: 'mqtt://127.0.0.1:1', out: [{ filter: 'site/#' }] };
  await sedge.run(gateway, ['device', 'add', 'uno-1', '--id', '5e09e00000000001', '--key-file', '-'], KEY);
  const { ready } = await sedge.startAgent(
    gateway,
    ...['--http', '0', '--mqtt', '0', '--retention', 'main=1h,64kB'],
    ...['--serial', `${gateway}/no-such-port`, '--bridges', JSON.stringify([bridge])],
  );
  url = ready.http![0]!;
  await prometheus.start([new URL(url).host], RULES);
  const { stdout: token } = await sedge.run(gateway, ['invite']);
  await sedge.run(barn, ['join', '-', '--name', 'barn'], token);
  const { child } = await sedge.startAgent(barn);
  await seen('sedge_overlay_peer_latency_seconds{peer="barn"}');
  await sedge.run(barn, ['pub', 'site/barn/temp', '4.0']);
  await publish(20, 100);
  await seen('sedge_sync_peer_in_sync_timestamp_seconds > 0');
  await sedge.kill(child, 'SIGKILL');
  await publish(200, 1_000);
  await refused();
}

const KEY = '00112233445566778899aabbccddeeff\n';

async function publish(count: number, bytes: number): Promise<void> {
  const agent = connectAgent({ directory: gateway });
  for (let n = 0; n < count; n++) await agent.publish('site/gateway/log', 'x'.repeat(bytes));
  await agent.close();
}

/** One message that too few acknowledge, and one request that comes from elsewhere. */
async function refused(): Promise<void> {
  const body = JSON.stringify({ topic: 'site/x', payload: '1', ack: 'replicas:5', replicasTimeoutMs: 50 });
  const headers = { 'content-type': 'application/json' };
  expect((await fetch(`${url}/v1/publish`, { method: 'POST', headers, body })).status).toBe(504);
  const strange = { origin: 'http://evil.example' };
  expect((await fetch(`${url}/v1/status`, { headers: strange })).status).toBe(403);
}

/** Waits until a query has given something since the start. */
async function seen(query: string): Promise<void> {
  await vi.waitFor(async () => expect(await prometheus.range(query, startedAtMs), query).not.toEqual([]), {
    timeout: DATA_MS_MAX,
    interval: 300,
  });
}

describeWith(['prometheus'], 'Prometheus at a real agent', () => {
  beforeAll(troubledFarm, 240_000);
  afterAll(async () => {
    await prometheus.stop();
    await sedge.cleanUp();
  });

  it('gets data for each query of the dashboard for Grafana', async () => {
    const agent = connectAgent({ directory: gateway });
    const { card } = await agent.telemetry();
    await agent.close();
    const queries = BOARD.panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));
    expect(queries.length).toBeGreaterThan(50);
    // Where nothing can be seen of a disk, nothing can be said of its life.
    const waited = queries.filter(
      (query) => card.remainingSeconds !== null || !query.includes('card_remaining'),
    );
    for (const query of waited) {
      const concrete = query
        .replaceAll('$__rate_interval', '10s')
        .replaceAll('$instance', '.*')
        .replaceAll('$job', '.*');
      expect(concrete).not.toContain('$');
      await seen(concrete);
    }
  });

  it('evaluates all alert rules without an error', async () => {
    const names = [...readFileSync(RULES, 'utf8').matchAll(/- alert: (\w+)/g)].map(([, name]) => name);
    await vi.waitFor(
      async () => {
        const rules = await prometheus.rules();
        expect(rules.map(({ name }) => name)).toEqual(names);
        expect(rules.filter(({ health }) => health !== 'ok')).toEqual([]);
      },
      { timeout: DATA_MS_MAX, interval: 300 },
    );
  });

  it('foretells when retention takes what the absent peer lacks', async () => {
    await seen('sedge_sync_backlog_messages{peer="barn",channel="main"} > 20');
    await seen('sedge_sync_backlog_loss_seconds{peer="barn",channel="main"} <= 3600');
    await seen('sedge_journal_dropped_messages_total{channel="main"} > 0');
    await seen('sedge_refusals_total{code="mesh.not-acknowledged"} == 1');
  });
});
