import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { PortStatus } from '../../../../firmware-bridge/host/index.ts';
import { type AlertRule, WATCH_DEFAULTS } from '../../../../node/alerts/alert-rule.ts';
import type { AlertsMesh } from '../../../../node/alerts/alerts-mesh.ts';
import { type Look, Observer } from '../../../../node/alerts/observer.ts';

const NOW = Date.UTC(2026, 10, 26);

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sedge-alerts-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

/** A mesh of which only looks matter. */
function fakeMesh(parts: Readonly<Record<string, unknown>> = {}): AlertsMesh {
  const none = () => [];
  return {
    node: 'self',
    name: 'self',
    peers: none,
    forks: none,
    realm: () => ({ nodes: [] }),
    ...parts,
  } as never;
}

function ruleOf(watch: keyof typeof WATCH_DEFAULTS, changes: Partial<AlertRule> = {}): AlertRule {
  return { ...WATCH_DEFAULTS[watch], name: watch, ...changes };
}

/** What rules find at a look, and which fail. */
async function lookWith(
  rules: readonly AlertRule[],
  parts: Readonly<Record<string, unknown>> = {},
  ports: (() => Promise<readonly PortStatus[]>) | null = null,
) {
  const observer = new Observer(rules, { nowMs: 0, peers: [] }, { mesh: fakeMesh(parts), directory, ports });
  return async (nowMs = 0) => {
    const found: Record<string, Look> = {};
    const failed: string[] = [];
    await observer.look(
      rules,
      { nowMs, atMs: NOW + nowMs },
      {
        take: (rule, look) => Object.assign(found, { [rule.name]: look }),
        fail: (rule) => failed.push(rule.name),
      },
    );
    return { found, failed };
  };
}

describe('Observer', () => {
  it('tells how full the disk is, in percent or in bytes free', async () => {
    const free = ruleOf('disk', { name: 'free', limit: { side: 'below', at: 1, clear: 1, unit: 'bytes' } });
    const look = await lookWith([ruleOf('disk'), free]);
    const { found } = await look();
    const [used] = found.disk!.observations;
    expect(used!.value).toBeGreaterThan(0);
    expect(used!.value).toBeLessThanOrEqual(100);
    expect(found.free!.observations[0]!.value).toBeGreaterThan(1_000_000);
  });

  it('goes on with the other rules where one cannot be looked at', async () => {
    const look = await lookWith([ruleOf('disk'), ruleOf('clock')]);
    await rm(directory, { recursive: true });
    const { found, failed } = await look();
    expect(failed).toEqual(['disk']);
    expect(found.clock!.observations).toEqual([{ subject: '', value: 0 }]);
  });

  it('tells of forks that are an alarm, once an author', async () => {
    const fork = (name: string, alarm: boolean) => ({ name, author: `id-${name}`, alarm });
    const forks = () => [fork('barn', true), fork('barn', true), fork('', true), fork('old', false)];
    const { found } = await (await lookWith([ruleOf('fork')], { forks }))();
    expect(found.fork).toEqual({
      absent: 'clear',
      observations: [
        { subject: 'barn', value: null, active: true },
        { subject: 'id-', value: null, active: true },
      ],
    });
  });

  it('tells what each peer lacks, and whether that grows', async () => {
    let lacks = 5;
    const peers = () => [
      {
        node: 'a',
        name: 'barn',
        connected: true,
        health: 'ok',
        channels: [{ missingThere: lacks }, { missingThere: 2 }],
      },
      { node: 'b', name: '', connected: true, health: 'ok', channels: [{ missingThere: null }] },
      { node: null, name: '', connected: false, health: 'down', channels: [] },
    ];
    const at = (limit: number) => ({ side: 'above' as const, at: limit, clear: limit, unit: null });
    const growing = ruleOf('backlog', { name: 'growing', growing: true, limit: at(8) });
    const look = await lookWith([ruleOf('backlog', { limit: at(1) }), growing], { peers });
    const figures = async (value: number) => {
      lacks = value;
      const { found } = await look();
      return [found.backlog!.observations, found.growing!.observations.map(({ active }) => active)];
    };
    expect(await figures(5)).toEqual([[{ subject: 'barn', value: 7 }], [false]]);
    // It grows, and is not over the limit yet.
    expect(await figures(6)).toEqual([[{ subject: 'barn', value: 8 }], [false]]);
    expect((await figures(7))[1]).toEqual([true]);
    expect((await figures(6.5))[1]).toEqual([false]);
  });

  it('asks for serial ports where a rule is about them, and holds on where the bridge does not answer', async () => {
    let answer: () => Promise<readonly PortStatus[]> = async () => [
      { path: '/dev/ttyUSB0', counters: { 'record.bad-tag': 6 } } as unknown as PortStatus,
    ];
    const look = await lookWith([ruleOf('bad-tags')], {}, () => answer());
    expect((await look()).found['bad-tags']).toEqual({
      absent: 'clear',
      observations: [{ subject: '/dev/ttyUSB0', value: 6 }],
    });
    answer = () => Promise.reject(new Error('no bridge'));
    expect((await look()).found['bad-tags']).toEqual({ absent: 'hold', observations: [] });
    const asked = await lookWith([ruleOf('disk')], {}, () => Promise.reject(new Error('was asked')));
    expect((await asked()).failed).toEqual([]);
  });

  it('tells of a clock that jumped', async () => {
    const look = await lookWith([ruleOf('clock')]);
    await look(0);
    expect((await look(5_000)).found.clock!.observations).toEqual([{ subject: '', value: 0 }]);
  });
});
