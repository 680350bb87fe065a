import { describe, expect, it } from 'vitest';
import { hasTool } from '../../firmware/toolchain.ts';
import { runNode } from '../run-node.ts';

describe('the benchmark of gateways', () => {
  it.skipIf(!hasTool('gcc'))('measures what 64 devices on serial lines take of the agent', async () => {
    const { exitCode, stdout, stderr } = await runNode(['bench/main.ts', 'serial', '--quick', '--json']);
    expect(stderr).toBe('');
    expect(exitCode).toBe(0);
    const measured: unknown = expect.any(Number);
    expect(JSON.parse(stdout)).toMatchObject({
      workload: 'serial',
      variant: 'agent-64',
      messages: 1_920,
      coreShare: measured,
      p50Ms: measured,
      p99Ms: measured,
      lost: 0,
      duplicated: 0,
    });
  });

  it('measures clients of MQTT at one node and from node to node', async () => {
    const { exitCode, stdout } = await runNode([
      'bench/main.ts',
      ...[
        'mqtt',
        '--variants',
        'one-node-js,two-nodes-js,mosquitto-c,one-node-1000,bridge-out',
        '--quick',
        '--json',
      ],
    ]);
    expect(exitCode).toBe(0);
    const results = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    const measured: unknown = expect.any(Number);
    const of = (variant: string) => results.find((result) => result.variant === variant);
    for (const variant of ['one-node-js', 'two-nodes-js'])
      expect(of(variant)).toMatchObject({
        messages: 6_000,
        p50Ms: measured,
        p99Ms: measured,
        cpuSecondsNear: measured,
      });
    expect(of('one-node-1000')).toMatchObject({ coreShare: measured, residentMB: measured });
    for (const result of results) expect(result).toMatchObject({ lost: 0, duplicated: 0, outOfOrder: 0 });
  });
});
